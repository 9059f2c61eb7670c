"""The schedules that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

# fmt: off
_COMPONENTS = (
    Component("cosine_decay", "kplug.schedules.cosine:CosineDecay", summary="lr · ((1 − alpha) · ½(1 + cos(π · min(step, n) / n)) + alpha), optionally after a warm-up."),
    Component("cosine_decay_restarts", "kplug.schedules.cosine:CosineDecayRestarts", summary="Cosine decays one after another, each longer and lower than the one before."),
    Component("exponential_decay", "kplug.schedules.decay:ExponentialDecay", summary="initial_learning_rate · decay_rate^(step / decay_steps)."),
    Component("inverse_time_decay", "kplug.schedules.decay:InverseTimeDecay", summary="initial_learning_rate / (1 + decay_rate · step / decay_steps)."),
    Component("piecewise_constant_decay", "kplug.schedules.decay:PiecewiseConstantDecay", summary="Constant rates between given steps; a boundary itself still has the earlier rate."),
    Component("polynomial_decay", "kplug.schedules.decay:PolynomialDecay", summary="(initial − end) · (1 − min(step, n) / n)^power + end, with n = decay_steps."),
)
# fmt: on


@hookimpl
def kplug_schedules() -> dict[str, Component]:
    """Return the table."""
    return {component.name: component for component in _COMPONENTS}
