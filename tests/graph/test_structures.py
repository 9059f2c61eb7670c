"""Nested values: found, replaced, taken apart and put together."""

from __future__ import annotations

from typing import Any

import pytest
import torch.utils._pytree as pytree
from hypothesis import given, strategies as st

from kplug.graph import Layout, SymbolicTensor, is_symbolic
from kplug.layers import Input
from kplug.support.nested import find_leaves, map_leaves

NESTED = st.recursive(
    st.integers(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def test_structures_are_searched_and_mapped() -> None:
    one, two = Input((1,)), Input((2,))
    structure = {"a": [one, 1], "b": (two, {"c": one})}
    assert list(find_leaves(structure, SymbolicTensor)) == [one, two, one]
    assert is_symbolic(structure)
    assert not is_symbolic([1, "a", {"b": None}])
    mapped = map_leaves(structure, SymbolicTensor, lambda tensor: tensor.shape)
    assert mapped == {"a": [(None, 1), 1], "b": ((None, 2), {"c": (None, 1)})}


@given(NESTED)
def test_a_layout_puts_together_what_it_took_apart(structure: Any) -> None:
    layout = Layout(structure, int)
    assert layout.unpack(structure) == layout.leaves
    if not layout.is_single:
        assert layout.pack(layout.leaves) == structure


@given(NESTED)
def test_leaves_are_those_of_sorted_keys(structure: Any) -> None:
    assert Layout(structure, int).leaves == pytree.tree_leaves(_sort(structure))


def _sort(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _sort(structure[key]) for key in sorted(structure)}
    return [_sort(part) for part in structure] if isinstance(structure, list) else structure


@pytest.mark.parametrize(
    ("structure", "is_single", "keys", "is_nested"),
    [
        (1, True, None, False),
        ([1], True, None, False),
        ([1, 2], False, None, False),
        ({"b": 1, "a": 2}, False, ["a", "b"], False),
        ({"a": 1}, False, ["a"], False),
        ([[1]], False, None, True),
        ({"a": [1]}, False, None, True),
    ],
)
def test_what_a_layout_knows_of_its_form(
    structure: Any, is_single: bool, keys: Any, is_nested: bool
) -> None:
    layout = Layout(structure, int)
    assert (layout.is_single, layout.keys, layout.is_nested) == (is_single, keys, is_nested)


def test_a_single_value_is_packed_alone() -> None:
    assert Layout([1], int).pack([7]) == 7
    assert Layout({"a": 1}, int).pack([7]) == {"a": 7}


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (5, "a dict with the keys ['a', 'b']"),
        ({"a": [1, 2]}, "a dict with the keys ['a', 'b']"),
        ({"a": [1], "b": 1}, "a list of 2 in 'a'"),
        ({"a": 3, "b": 1}, "a list of 2 in 'a'"),
    ],
)
def test_another_form_is_named(structure: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Layout({"a": [1, 2], "b": 3}, int).unpack(structure)
    assert str(caught.value) == message


def test_something_else_in_a_structure_is_refused() -> None:
    with pytest.raises(TypeError):
        Layout([1, "text"], int)
