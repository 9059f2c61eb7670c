"""The names of one kind: in which order, and under which keys."""

from __future__ import annotations

import functools
import itertools
import math
import sys
from typing import TYPE_CHECKING

from kplug.registry.candidates.index import build_index
from kplug.registry.component import Component, Origin
from kplug.registry.kinds import get_kind

if TYPE_CHECKING:
    import pytest

LOSS = get_kind("loss")


def _make(distribution: str, name: str = "dice", *aliases: str) -> Component:
    return Component(
        name, "m:dice", aliases=aliases, kind="loss", origin=Origin(distribution, "1.0")
    )


def test_order_of_discovery_does_not_matter() -> None:
    components = list(map(_make, ("kplug", "torch", "one-plugin", "two-plugin")))
    indexes = [build_index(LOSS, order) for order in itertools.permutations(components)]
    assert all(index == indexes[0] for index in indexes)
    assert indexes[0].components == tuple(components)


def test_alias_is_a_name_like_any_other() -> None:
    component = _make("one-plugin", "dice_loss", "dice")
    index = build_index(LOSS, [component])
    assert index.candidates("DICE") == index.candidates("DiceLoss") == (component,)
    assert index.find_qualified("one-plugin", "dice") is component
    assert index.find_qualified("two-plugin", "dice") is None


def _offer(distribution: str, target: object) -> Component:
    return Component("dice", target, kind="loss", origin=Origin(distribution))


def test_components_are_found_by_their_objects_in_the_order_of_the_index() -> None:
    ours, theirs = _offer("kplug", "functools:reduce"), _offer("a-plugin", functools.reduce)
    nested, other = _offer("b-plugin", "math:inf.real"), _offer("c-plugin", "math:sqrt")
    broken = [_offer("d-plugin", "math:no_such_thing"), _offer("e-plugin", "no_such_module:x")]
    index = build_index(LOSS, [theirs, ours, nested, other, *broken])
    assert index.find_by_object(math.sqrt, functools.reduce) == [
        (ours, functools.reduce),
        (theirs, functools.reduce),
        (other, math.sqrt),
    ]
    assert index.find_by_object(len) == []


def test_what_a_module_has_now_is_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("puddles")
    index = build_index(LOSS, [component := _offer("a-plugin", "puddles:dice")])
    for dice in (lambda: 1, lambda: 2):
        assert index.find_by_object(dice) == []
        monkeypatch.setitem(sys.modules, "puddles", module)
        module.dice = dice  # type: ignore[attr-defined]
        assert index.find_by_object(dice) == [(component, dice)]
