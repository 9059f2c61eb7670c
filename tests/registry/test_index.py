"""The names of one kind: in which order, and under which keys."""

from __future__ import annotations

import itertools

from kplug.registry.component import Component, Origin
from kplug.registry.index import build_index
from kplug.registry.kinds import get_kind

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
