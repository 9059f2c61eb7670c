"""Schedules by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast, overload

from kplug.components.types import ScheduleLike
from kplug.dialect.names import MODULES
from kplug.dialect.serialization import deserialize_component, resolve_whole
from kplug.dialect.writing_components import describe
from kplug.registry import resolve_object
from kplug.schedules.base import LearningRateSchedule

if TYPE_CHECKING:
    import torch

    from kplug.schedules.rate_scheduler import RateScheduler


@overload
def get(identifier: ScheduleLike | Mapping[str, Any]) -> Callable[[int], float]: ...


@overload
def get(
    identifier: ScheduleLike | Mapping[str, Any], optimizer: torch.optim.Optimizer
) -> RateScheduler: ...


def get(
    identifier: object, optimizer: torch.optim.Optimizer | None = None
) -> Callable[[int], float] | RateScheduler:
    """Return the schedule that the identifier means: for any loop, if it is given an optimizer.

    Args:
        identifier: A name, spec, dict, class, function or instance.
        optimizer: The optimizer whose rates it sets.

    Returns:
        A function of the step. With ``optimizer`` a scheduler of torch, whose ``step()`` a loop calls after
        each batch, or after each epoch.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> scheduler = get("cosine_decay(0.1, 10)", optimizer)
        >>> for _ in range(5):
        ...     _ = optimizer.step(), scheduler.step()
        >>> round(optimizer.param_groups[0]["lr"], 6)
        0.05
    """
    schedule = cast("Callable[[int], float]", resolve_object("schedule", identifier))
    if optimizer is None:
        return schedule
    from kplug.schedules.rate_scheduler import RateScheduler  # torch, which schedules do without

    return RateScheduler(optimizer, schedule)


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
