"""Whose ranges a component has: the object's, its declaration's, and only of arguments that exist."""

from __future__ import annotations

import pytest

from kplug import Component, Range, search_ranges
from kplug.registry import KINDS, REGISTRY
from kplug.registry.building.search_ranges import find_search_ranges
from kplug.registry.kinds import BUILT_IN_KINDS
from tests.registry.conftest import Sandbox

RATE = Range(1e-5, 0.1, log=True)


@search_ranges(rate=RATE, momentum=(0.5, 0.9))
class Descent:
    def __init__(self, rate: float = 0.1, momentum: float = 0.0) -> None: ...


class Plain(Descent):
    def __init__(self, rate: float = 0.1) -> None: ...


def test_a_declaration_counts_before_the_object() -> None:
    component = Component("descent", Descent, search_ranges={"rate": (1, 2)})
    assert find_search_ranges(component) == {"rate": (1, 2), "momentum": (0.5, 0.9)}


def test_an_argument_that_a_subclass_has_no_more_is_left_out() -> None:
    assert find_search_ranges(Component("plain", Plain)) == {"rate": RATE}


HOOKS = """
import kplug

@kplug.hookimpl
def kplug_losses():
    ranges = {"smooth": kplug.Range(0.0, 1.0)}
    return {"area": kplug.Component("area", "areas:area", search_ranges=ranges)}
"""


def test_a_hook_adds_ranges_to_an_entry_point(install: Sandbox) -> None:
    install(
        "areas",
        entry_points={"kplug.losses": {"area": "areas:area"}, "kplug": {"plugin": "areas_hooks"}},
        modules={"areas.py": "def area(y_true, y_pred, smooth=1.0): ...", "areas_hooks.py": HOOKS},
    )
    (component,) = (one for one in REGISTRY.components(KINDS["loss"]) if one.name == "area")
    assert find_search_ranges(component) == {"smooth": Range(0.0, 1.0)}


@pytest.mark.torch
@pytest.mark.parametrize("kind", BUILT_IN_KINDS)
def test_built_in_components_take_the_ends_of_their_ranges(kind: str) -> None:
    import kplug
    from kplug.inspection import list_ends

    for component in REGISTRY.components(KINDS[kind]):
        if not component.origin.is_built_in:
            continue
        for name, values in find_search_ranges(component).items():
            for value in list_ends(values):
                kplug.resolve(kind, kplug.Spec(component.qualified_name, kwargs={name: value}))
