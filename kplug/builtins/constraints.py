"""The constraints that ship with kplug."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_MODULE = "kplug.constraints.norms"


def _component(name: str, target: str, summary: str) -> Component:
    return Component(name, f"{_MODULE}:{target}", role="class", summary=summary)


@hookimpl
def kplug_constraints() -> dict[str, Component]:
    """Return the table."""
    components = (
        _component("max_norm", "MaxNorm", "Vectors no longer than a value."),
        _component("min_max_norm", "MinMaxNorm", "Vectors moved towards a range of lengths."),
        _component("non_neg", "NonNeg", "No negative values."),
        _component("unit_norm", "UnitNorm", "Vectors of length 1."),
    )
    return {component.name: component for component in components}
