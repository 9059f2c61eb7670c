"""The built-in learning-rate schedules, offered as any plugin offers its own."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_PACKAGE = "kplug.schedules"


@hookimpl
def kplug_schedules() -> dict[str, Component]:
    """Offer Keras's six."""
    offered = (
        Component(
            "exponential_decay",
            f"{_PACKAGE}.decay:ExponentialDecay",
            summary="A constant factor every so many steps.",
        ),
        Component(
            "inverse_time_decay",
            f"{_PACKAGE}.decay:InverseTimeDecay",
            summary="The rate divided by 1 + decay_rate · step / decay_steps.",
        ),
        Component(
            "piecewise_constant_decay",
            f"{_PACKAGE}.decay:PiecewiseConstantDecay",
            summary="Constant rates between given steps.",
        ),
        Component(
            "polynomial_decay",
            f"{_PACKAGE}.decay:PolynomialDecay",
            summary="From a first to a last rate along a power of the step.",
        ),
        Component(
            "cosine_decay",
            f"{_PACKAGE}.cosine:CosineDecay",
            summary="Half a cosine wave, optionally after a linear warm-up.",
        ),
        Component(
            "cosine_decay_restarts",
            f"{_PACKAGE}.cosine:CosineDecayRestarts",
            summary="Half cosine waves one after another, each longer than the last.",
        ),
    )
    return {component.name: component for component in offered}
