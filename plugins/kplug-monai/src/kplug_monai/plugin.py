"""Hooks of the package: names only, so that listing them imports neither torch nor MONAI."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_monai.table import LOSSES, METRICS, QUALIFIED_ONLY


@hookimpl
def kplug_losses() -> dict[str, Component]:
    """Return a component for each loss."""
    return {
        name: _make(name, f"kplug_monai.losses:{class_name}", summary)
        for class_name, (name, summary) in LOSSES.items()
    }


@hookimpl
def kplug_metrics() -> dict[str, Component]:
    """Return a component for each metric."""
    return {
        name: _make(name, f"kplug_monai.metrics:{class_name}", summary)
        for class_name, (name, _, summary) in METRICS.items()
    }


def _make(name: str, target: str, summary: str) -> Component:
    return Component(
        name,
        target,
        role="class",
        summary=summary,
        is_qualified_only=name in QUALIFIED_ONLY,
        example="kplug_monai.examples:EXAMPLES",
    )
