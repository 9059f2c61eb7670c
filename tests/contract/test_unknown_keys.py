"""A key that no class knows is named, in the configuration of every component that reads its own."""

from __future__ import annotations

import inspect

import pytest

from kplug.errors import ArgumentError
from kplug.registry import REGISTRY, Component, resolve
from kplug.registry.kinds import BUILT_IN_KINDS

READERS = [
    component
    for kind in BUILT_IN_KINDS.values()
    for component in REGISTRY.components(kind)
    if inspect.isclass(REGISTRY.load(component))
    and hasattr(REGISTRY.load(component), "from_config")
]


@pytest.mark.parametrize("component", READERS, ids=lambda one: f"{one.kind}-{one.qualified_name}")
def test_an_unknown_key_is_named(component: Component) -> None:
    config = {"class_name": component.qualified_name, "config": {"no_such_key": 1}}
    with pytest.raises(ArgumentError, match=r"no_such_key|needs"):
        resolve(component.kind, config)
