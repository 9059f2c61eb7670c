"""The regularizers that ship with kplug."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_FAMILY = "kplug.regularizers"


def _component(name: str, target: str, summary: str, *aliases: str) -> Component:
    return Component(name, f"{_FAMILY}.{target}", aliases, role="class", summary=summary)


@hookimpl
def kplug_regularizers() -> dict[str, Component]:
    """Return the table."""
    components = (
        _component("l1", "norms:L1", "Sum of absolute values."),
        _component("l2", "norms:L2", "Sum of squares."),
        _component("l1_l2", "norms:L1L2", "Sum of absolute values plus sum of squares."),
        _component(
            "orthogonal_regularizer",
            "orthogonality:OrthogonalRegularizer",
            "Mean absolute cosine between rows or columns.",
        ),
    )
    return {component.name: component for component in components}
