"""Learning rates that depend on the step, with Keras's names and formulas.

An optimizer takes one as ``lr`` or ``learning_rate`` and asks it before every step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from kplug.registry import resolve_object
from kplug.schedules.adapt import as_schedule
from kplug.schedules.base import LearningRateSchedule
from kplug.schedules.cosine import CosineDecay, CosineDecayRestarts
from kplug.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)


def get(identifier: object) -> Callable[[int], float]:
    """Return the schedule that the identifier means."""
    return cast("Callable[[int], float]", resolve_object("schedule", identifier))


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "as_schedule",
    "get",
]
