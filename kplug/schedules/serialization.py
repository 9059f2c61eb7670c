"""Schedules by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from kplug.dialect.names import MODULES
from kplug.dialect.serialization import deserialize_component, resolve_whole
from kplug.dialect.writing_components import describe
from kplug.registry import resolve_object
from kplug.schedules.base import LearningRateSchedule


def get(identifier: object) -> Callable[[int], float]:
    """Return the schedule that the identifier means."""
    return cast("Callable[[int], float]", resolve_object("schedule", identifier))


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return a schedule as Keras 3's dict.

    Example:
        >>> from kplug.schedules import ExponentialDecay
        >>> serialize(ExponentialDecay(0.1, 10, 0.5))["class_name"]
        'ExponentialDecay'
    """
    resolve_whole("schedule", learning_rate_schedule)
    name = type(learning_rate_schedule).__name__
    return describe(MODULES["schedule"], name, learning_rate_schedule.get_config())


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the schedule that `serialize`, or any Keras, has written."""
    return deserialize_component("schedule", config, custom_objects)
