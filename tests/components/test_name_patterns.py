"""Patterns that exclude each other, over names of weights."""

from __future__ import annotations

import pytest

from kplug.components.name_patterns import assign_names
from kplug.errors import ContractError


def test_a_name_has_at_most_one_pattern() -> None:
    found = assign_names(
        "test", ["a.w", "b.w", "b.x"], {"a": 1, "x": 2}, lambda part, name: part in name
    )
    assert found == {"a.w": "a", "b.x": "x"}


def test_no_patterns_fit_nothing() -> None:
    assert assign_names("test", ["a"], {}, lambda pattern, name: True) == {}


def test_many_names_are_cut_in_messages() -> None:
    names = [f"layer_{number}" for number in range(10)]
    with pytest.raises(ContractError) as caught:
        assign_names("test", names, {"x": 1}, lambda pattern, name: False)
    assert caught.value.hint == (
        "The names of the weights: layer_0, layer_1, layer_2, layer_3, layer_4, layer_5, layer_6, "
        "layer_7 and 2 more."
    )


def test_without_names_the_message_says_so() -> None:
    with pytest.raises(ContractError, match="The names of the weights: none"):
        assign_names("test", [], {"x": 1}, lambda pattern, name: False)
