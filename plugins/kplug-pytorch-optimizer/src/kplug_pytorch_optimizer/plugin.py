"""Hooks of the package: names only, so that listing them does not import torch."""

from __future__ import annotations

from kplug import Component, hookimpl
from kplug_pytorch_optimizer.adapted import LEFT_OUT, LOSSES, QUALIFIED_ONLY, SCHEDULES
from kplug_pytorch_optimizer.table import OPTIMIZERS

_EXAMPLES = "kplug_pytorch_optimizer.examples:EXAMPLES"


@hookimpl
def kplug_optimizers() -> dict[str, Component]:
    """Return a component for each optimizer, under the name by which the library loads it."""
    return {
        class_name.lower(): Component(
            class_name.lower(),
            f"kplug_pytorch_optimizer.optimizers:{class_name}",
            summary=summary,
            is_qualified_only=class_name.lower() in QUALIFIED_ONLY,
            example=_EXAMPLES,
        )
        for class_name, summary in OPTIMIZERS.items()
    }


@hookimpl
def kplug_schedules() -> dict[str, Component]:
    """Return a component for each scheduler whose rates depend on the step alone."""
    return {
        name: Component(
            name,
            f"kplug_pytorch_optimizer.schedules:{class_name}",
            summary=summary,
            role="class",
            example=_EXAMPLES,
        )
        for name, (class_name, summary) in SCHEDULES.items()
    }


@hookimpl
def kplug_losses() -> dict[str, Component]:
    """Return a component for each loss."""
    return {
        name: Component(
            name,
            f"kplug_pytorch_optimizer.losses:{class_name}",
            role="class",
            is_qualified_only=name in QUALIFIED_ONLY,
            example=_EXAMPLES,
        )
        for name, class_name in LOSSES.items()
    }


@hookimpl
def kplug_left_out(kind: str) -> dict[str, str]:
    """Return the library's omitted optimizers, with the reasons."""
    return LEFT_OUT if kind == "optimizer" else {}
