"""The schedules that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("cosine_decay", "kplug.schedules.cosine:CosineDecay", summary="Half a cosine wave, optionally after a linear warm-up."),
    Component("cosine_decay_restarts", "kplug.schedules.cosine:CosineDecayRestarts", summary="Cosine decays one after another, each longer and lower than the one before."),
    Component("exponential_decay", "kplug.schedules.decay:ExponentialDecay", summary="The rate times one factor every so many steps: lr · decay_rate^(step / decay_steps)."),
    Component("inverse_time_decay", "kplug.schedules.decay:InverseTimeDecay", summary="The rate divided by a number that grows: lr / (1 + decay_rate · step / decay_steps)."),
    Component("piecewise_constant_decay", "kplug.schedules.decay:PiecewiseConstantDecay", summary="Constant rates between given steps; a boundary itself still has the earlier rate."),
    Component("polynomial_decay", "kplug.schedules.decay:PolynomialDecay", summary="From a first to a last rate: (first − last) · (1 − min(step, n) / n)^power + last."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
