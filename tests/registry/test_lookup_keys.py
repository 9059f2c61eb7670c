"""The one rule by which names are compared."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from kplug.registry.component import Component
from kplug.registry.lookup_keys import keys_of, lookup_key


@pytest.mark.parametrize("name", ["DiceLoss", "dice_loss", "dice-loss", "DICE__LOSS", "diceloss"])
def test_spellings_of_one_name(name: str) -> None:
    assert lookup_key(name) == "diceloss"


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True))
def test_key_of_a_key_is_itself(name: str) -> None:
    assert lookup_key(lookup_key(name)) == lookup_key(name)


def test_no_suffix_is_stripped() -> None:
    assert lookup_key("dice_loss") != lookup_key("dice")


def test_component_has_a_key_for_each_name_once() -> None:
    component = Component("dice_loss", "a:b", aliases=("DiceLoss", "dice"))
    assert list(keys_of(component)) == ["diceloss", "dice"]
