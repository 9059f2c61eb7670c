"""Loads the test example that a component's author has declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kplug.registry.component import Component
from kplug.registry.errors import KplugError
from kplug.registry.examples import Example, find_example
from kplug.registry.registry import REGISTRY


def find_own_example(component: Component) -> Example:
    """Return the example declared or attached by its author; an empty one if the component does not load."""
    try:
        if component.example is None:
            return find_example(REGISTRY.load(component)) or Example()
        table = REGISTRY.load(replace(component, target=component.example))
    except KplugError:
        return Example()
    found = table.get(component.name) if isinstance(table, Mapping) else table
    return found if isinstance(found, Example) else Example(dict(found or {}))
