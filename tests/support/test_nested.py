"""Leaves of nested values: found and replaced."""

from __future__ import annotations

from typing import NamedTuple

from kplug.support.nested import find_leaves, map_leaves


class Pair(NamedTuple):
    """A tuple whose constructor takes its parts one by one."""

    left: object
    right: object


def test_leaves_are_found_from_left_to_right_and_replaced() -> None:
    structure = {"b": [1, "x"], "a": (2, {"c": 3})}
    assert list(find_leaves(structure, int)) == [1, 2, 3]
    assert map_leaves(structure, int, lambda leaf: -leaf) == {"b": [-1, "x"], "a": (-2, {"c": -3})}


def test_a_subclass_of_a_list_becomes_a_list() -> None:
    class Tracked(list):  # type: ignore[type-arg]
        pass

    made = map_leaves(Tracked([1]), int, float)
    assert type(made) is list


def test_named_tuples_stay_named_tuples() -> None:
    assert list(find_leaves(Pair(1, [2]), int)) == [1, 2]
    assert map_leaves(Pair(1, [2]), int, str) == Pair("1", ["2"])


def test_a_leaf_may_be_a_container_itself() -> None:
    assert list(find_leaves([Pair(1, 2), 3], Pair)) == [Pair(1, 2)]
    assert map_leaves([Pair(1, 2), 3], Pair, lambda pair: pair.left) == [1, 3]
