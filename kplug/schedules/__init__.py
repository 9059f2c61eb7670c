"""Learning rates that depend on the step, with Keras's names and formulas.

An optimizer takes one as ``lr`` or ``learning_rate`` and asks it before every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

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
from kplug.serialization import deserialize_component


def get(identifier: object) -> Callable[[int], float]:
    """Return the schedule that the identifier means."""
    return cast("Callable[[int], float]", resolve_object("schedule", identifier))


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return a schedule as Keras 3's dict.

    Example:
        >>> serialize(ExponentialDecay(0.1, 10, 0.5))["class_name"]
        'ExponentialDecay'
    """
    return {
        "module": "keras.optimizers.schedules",
        "class_name": type(learning_rate_schedule).__name__,
        "config": learning_rate_schedule.get_config(),
        "registered_name": None,
    }


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the schedule that `serialize`, or any Keras, has written."""
    return deserialize_component("schedule", config, custom_objects)


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "as_schedule",
    "deserialize",
    "get",
    "serialize",
]
