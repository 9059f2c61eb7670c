"""What stands in nested arguments."""

from __future__ import annotations

from typing import NamedTuple

from kplug.graph import SymbolicTensor, find_leaves, is_symbolic, map_leaves
from kplug.layers import Input


class Pair(NamedTuple):
    """A tuple whose constructor takes its parts one by one."""

    left: object
    right: object


def test_structures_are_searched_and_mapped() -> None:
    one, two = Input((1,)), Input((2,))
    structure = {"a": [one, 1], "b": (two, {"c": one})}
    assert list(find_leaves(structure, SymbolicTensor)) == [one, two, one]
    assert is_symbolic(structure)
    assert not is_symbolic([1, "a", {"b": None}])
    mapped = map_leaves(structure, SymbolicTensor, lambda tensor: tensor.shape)
    assert mapped == {"a": [(None, 1), 1], "b": ((None, 2), {"c": (None, 1)})}


def test_named_tuples_stay_named_tuples() -> None:
    assert list(find_leaves(Pair(1, [2]), int)) == [1, 2]
    assert map_leaves(Pair(1, [2]), int, str) == Pair("1", ["2"])


def test_a_leaf_may_be_a_container_itself() -> None:
    assert list(find_leaves([Pair(1, 2), 3], Pair)) == [Pair(1, 2)]
    assert map_leaves([Pair(1, 2), 3], Pair, lambda pair: pair.left) == [1, 3]
