"""Hooks of the package: names only, so that listing them imports neither torch nor timm."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_timm.table import NAMES, QUALIFIED_ONLY

_EXAMPLES = "kplug_timm.examples:EXAMPLES"


@hookimpl
def kplug_components(kind: str) -> dict[str, Component]:
    """Return a component for each of timm's models."""
    if kind != "model":
        return {}
    return {
        name: Component(
            name,
            f"kplug_timm.models:{name}",
            role="factory",
            summary=f"{name} of timm.",
            is_qualified_only=name in QUALIFIED_ONLY,
            example=_EXAMPLES,
        )
        for name in NAMES
    }


@hookimpl
def kplug_layers() -> dict[str, Component]:
    """Return the layer that a file names."""
    target = "kplug_timm.network:TimmNetwork"
    return {"TimmNetwork": Component("TimmNetwork", target, example=_EXAMPLES)}
