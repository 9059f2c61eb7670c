"""Warnings of a look-up: components that are to go, and plugins shadowed by a built-in."""

from __future__ import annotations

from collections.abc import Sequence

from kplug.registry.candidates.conflicts import Choice
from kplug.registry.component import Component
from kplug.registry.errors import DeprecatedComponentWarning, ShadowedComponentWarning
from kplug.registry.kinds import Kind
from kplug.registry.quoting import quote
from kplug.registry.registry import REGISTRY
from kplug.registry.spec import Spec
from kplug.registry.user_warnings import warn


def warn_of_choice(kind: Kind, spec: Spec, choice: Choice) -> None:
    """Warn, once each, about a component or distribution that is to go, and about a shadowed component."""
    component, warned = choice.component, REGISTRY.state.warned
    place = (kind.name, component.qualified_name)
    losers = [item for item in choice.shadowed if not item.origin.is_built_in]
    if choice.rule == "built-in" and losers and place not in warned:
        warned.add(place)
        warn(_describe_losers(kind, spec.name, losers), ShadowedComponentWarning)
    named = f"the {kind.name} {component.name!r}"
    own = component.lifecycle and REGISTRY.find_lifecycle(component)
    origin, theirs = component.origin, REGISTRY.find_lifecycle_of(component.origin.distribution)
    for key, subject, lifecycle in (
        (place, named, own),
        ((origin.distribution,), f"{named} is of {origin}, which", theirs),
    ):
        if lifecycle and lifecycle.is_ending and (*key, "lifecycle") not in warned:
            warned.add((*key, "lifecycle"))
            warn(f"{subject} is {lifecycle}", DeprecatedComponentWarning)


def _describe_losers(kind: Kind, ref: str, losers: Sequence[Component]) -> str:
    others = ", ".join(f"{item.qualified_name!r} ({item.origin})" for item in losers)
    used = "has the same name and is used only by that one"
    if len(losers) > 1:
        used = "have the same name and are used only by those"
    return (
        f"the {kind.name} {quote(ref)} is kplug's own; {others} {used}. "
        f"To prefer it: KPLUG_PREFER={losers[0].origin.distribution}"
    )
