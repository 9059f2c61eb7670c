"""``kplug.tree`` against ``keras.tree``."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import pytest
import torch

from kplug import tree
from kplug.errors import DataError


class _Point(NamedTuple):
    x: object
    y: object


_STRUCTURES: dict[str, Any] = {
    "leaf": 3,
    "none": None,
    "text": "text",
    "empty list": [],
    "empty dict": {},
    "list": [1, [2, (3,)], None],
    "dict": {"b": [1, 2], "a": {"d": (), "c": None}},
    "named tuple": [_Point(1, [2]), 3],
    "ordered": OrderedDict([("b", 1), ("a", 2)]),
    "default": defaultdict(list, b=[1], a=[2]),
    "deque": deque([1, (2, 3)], maxlen=4),
}


def _double(leaf: Any) -> Any:
    return (leaf, leaf)


def _shorten(part: Any) -> Any:
    if part is None:
        return tree.MAP_TO_NONE
    return ("tuple", len(part)) if isinstance(part, tuple) else None


@pytest.mark.parametrize("name", _STRUCTURES)
@pytest.mark.parametrize(
    "function", ["is_nested", "flatten", "flatten_with_path", "lists_to_tuples"]
)
def test_of_one_structure(name: str, function: str) -> None:
    ours = getattr(tree, function)(_STRUCTURES[name])
    assert ours == getattr(keras.tree, function)(_STRUCTURES[name])


def _calls(module: Any, one: Any) -> list[Any]:
    flat = list(range(len(keras.tree.flatten(one))))
    return [
        module.map_structure(_double, one),
        module.map_structure(_double, one, none_is_leaf=False),
        module.map_structure(lambda a, b: [a, b], one, one),
        module.map_structure_up_to(one, repr, one),
        module.pack_sequence_as(one, flat),
        module.traverse(_shorten, one),
        module.traverse(_shorten, one, top_down=False),
        module.assert_same_structure(one, one),
        module.assert_same_paths(one, one),
    ]


@pytest.mark.parametrize("name", _STRUCTURES)
def test_what_is_made_of_leaves(name: str) -> None:
    ours, theirs = (_calls(module, _STRUCTURES[name]) for module in (tree, keras.tree))
    assert ours == theirs
    assert list(map(type, ours)) == list(map(type, theirs))


def test_shapes_are_leaves() -> None:
    shapes = {"b": [(None, 2), [3, 4]], "a": ((1,), "x")}
    made = [module.map_shape_structure(repr, shapes) for module in (tree, keras.tree)]
    assert made[0] == made[1]


def test_a_structure_may_go_deeper_than_the_shallow_one() -> None:
    made = tree.map_structure_up_to({"a": 0}, lambda x, y: (x, y), {"a": [1, 2]}, {"a": {"z": 3}})
    assert made == {"a": ([1, 2], {"z": 3})}


_DIFFERENT: list[tuple[Callable[[Any], Any], str]] = [
    (lambda t: t.map_structure(_double), "there is no structure to map"),
    (
        lambda t: t.map_structure(_double, [1], (1,)),
        "a list of 1 stands where the other has a tuple of 1",
    ),
    (
        lambda t: t.map_structure(_double, [1], [1, 2]),
        "a list of 1 stands where the other has a list of 2",
    ),
    (
        lambda t: t.assert_same_structure([[2]], [1]),
        "a list of 1 stands where the other has a leaf of type int",
    ),
    (lambda t: t.assert_same_structure({"a": 1}, {"b": 1}), r"keys \['a'\] .* keys \['b'\]"),
    (
        lambda t: t.map_structure_up_to([0], _double, 1),
        "a list of 1 stands where the other has a leaf",
    ),
    (lambda t: t.assert_same_paths([1], [1, 2]), r"only the second \[\(1,\)\]"),
    (lambda t: t.pack_sequence_as([1, 2], [3]), "has 2 leaves, and flat_sequence has 1 elements"),
]


@pytest.mark.parametrize(("call", "text"), _DIFFERENT)
def test_structures_that_differ(call: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(ValueError):  # its words differ
        call(keras.tree)
    with pytest.raises(DataError, match=text):
        call(tree)


def test_the_first_structure_may_not_be_the_shallowest() -> None:
    """Keras on torch hands the list to the function; with optree it refuses, as we do."""
    with pytest.raises(DataError, match="a leaf of type int stands where the other has a list"):
        tree.map_structure(lambda a, b: (a, b), [1], [[2]])


def test_sizes_are_tuples() -> None:
    assert tree.flatten([torch.Size([2, 3])]) == keras.tree.flatten([torch.Size([2, 3])])


def test_lists_of_layers_are_containers() -> None:
    class Tracked(list[Any]):
        pass

    made = tree.map_structure(str, Tracked([1]))
    assert made == ["1"]
    assert type(made) is list


def test_keys_may_be_of_two_types() -> None:
    assert tree.flatten({"x": 1, 2: 0, "a": 3}) == [0, 3, 1]
