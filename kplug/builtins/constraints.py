"""The constraints that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("max_norm", "kplug.constraints.norms:MaxNorm", summary="Vectors longer than max_value are shortened to it."),
    Component("min_max_norm", "kplug.constraints.norms:MinMaxNorm", summary="Vectors are moved towards a length between min_value and max_value."),
    Component("non_neg", "kplug.constraints.norms:NonNeg", summary="Negative values become 0: max(w, 0)."),
    Component("radial_constraint", "kplug.constraints.radial:RadialConstraint", summary="Every filter of a square 2-D convolution becomes rings of equal weights."),
    Component("unit_norm", "kplug.constraints.norms:UnitNorm", summary="Every vector gets length 1: w / (ε + ‖w‖)."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
