"""The constraints that ship with kplug."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_FAMILY = "kplug.constraints"


def _component(name: str, target: str, summary: str) -> Component:
    return Component(name, f"{_FAMILY}.{target}", role="class", summary=summary)


@hookimpl
def kplug_constraints() -> dict[str, Component]:
    """Return the table."""
    components = (
        _component("max_norm", "norms:MaxNorm", "Vectors no longer than a value."),
        _component("min_max_norm", "norms:MinMaxNorm", "Vectors moved towards a range of lengths."),
        _component("non_neg", "norms:NonNeg", "No negative values."),
        _component("radial_constraint", "radial:RadialConstraint", "Rings of equal weights."),
        _component("unit_norm", "norms:UnitNorm", "Vectors of length 1."),
    )
    return {component.name: component for component in components}
