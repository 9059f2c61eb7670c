"""The learning rate: ``lr`` or ``learning_rate``, a number or a schedule."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol, TypeAlias, cast, overload

import torch

from kplug.components.arguments import is_number, require_number
from kplug.dialect.names import has_plain_name
from kplug.dialect.serialization import require_whole
from kplug.errors import ArgumentError, ContractError
from kplug.registry import resolve, resolve_object
from kplug.registry.building.recorded_lookups import forget_look_ups, remembering

Schedule: TypeAlias = Callable[[int], float]
SPELLINGS = frozenset({"lr", "learning_rate"})


def merge_spellings(
    owner: str, own: str, positional: Sequence[object], keywords: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a constructor's keywords with the rate under the constructor's own spelling.

    Args:
        owner: The optimizer's name for messages.
        own: The spelling of its constructor.
        positional: The rate, if given by position.
        keywords: The keyword arguments.

    Raises:
        ArgumentError: If both spellings are given.
        ArgumentValueError: If the value under the other spelling is no rate.
    """
    merged = dict(keywords)
    (other,) = SPELLINGS - {own}
    rate = merged.pop(other, None)
    if rate is None:
        return merged
    if positional or own in merged:
        refuse_both(owner, **{own: positional[0] if positional else merged[own], other: rate})
    value, schedule = read_rate(owner, other, rate)
    return {**merged, own: schedule or value}


def refuse_both(owner: str, lr: object, learning_rate: object) -> NoReturn:
    """Raise the error about both spellings in one call."""
    raise ArgumentError(
        f"{owner}: 'lr' and 'learning_rate' are two spellings of one argument, and both were given: "
        f"lr={lr!r}, learning_rate={learning_rate!r}",
        hint="Give one of them.",
    )


def read_rate(owner: str, spelling: str, rate: object) -> tuple[float, Schedule | None]:
    """Return the first learning rate, and the schedule of the later ones, if any.

    Raises:
        ArgumentValueError: If it is neither a number >= 0 nor a schedule of such numbers.
    """
    schedule = None
    is_rate = rate is None or isinstance(rate, bool) or is_number(rate) or _is_quoted_number(rate)
    if not is_rate:
        schedule = cast("Schedule", resolve_object("schedule", rate, where=spelling))
        rate = schedule(0)
    allowed = "a finite number >= 0, or a learning-rate schedule"
    return require_number(owner, spelling, rate, allowed, at_least=0.0), schedule


def _is_quoted_number(rate: object) -> bool:
    if not isinstance(rate, str):
        return False
    try:
        float(rate)
    except ValueError:
        return False
    return True


class RateOwner(Protocol):
    """The attributes of an optimizer that define its learning rate."""

    param_groups: list[dict[str, Any]]
    _schedule: Schedule | None
    _own_schedules: Mapping[int, Schedule | None]

    def _owner(self) -> str: ...


def describe_rate(optimizer: RateOwner) -> object:
    """Return the learning rate for a configuration."""
    schedule = optimizer._schedule
    if schedule is None:
        return float(optimizer.param_groups[0]["lr"])
    describe = getattr(schedule, "get_config", None)
    if describe is None:
        return schedule
    found = resolve("schedule", schedule)
    require_whole(found, "lr")
    is_plain = has_plain_name("schedule", found.component)
    name = type(schedule).__name__ if is_plain else found.component.qualified_name
    return {"class_name": name, "config": describe()}


class LearningRate(float):
    """The current learning rate: a float with a reference to its optimizer.

    Keras 2's ``K.set_value(optimizer.lr, 0.01)`` sets the optimizer's rate through ``assign``.
    """

    _assign: Callable[[object], None]

    def __new__(cls, value: float, assign: Callable[[object], None]) -> LearningRate:
        """Make the number, and store the function that sets its optimizer's rate."""
        rate = super().__new__(cls, value)
        rate._assign = assign
        return rate

    def assign(self, value: object) -> None:
        """Set the learning rate of the optimizer that this value was read from."""
        self._assign(value)

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        # A copy or pickle is a plain number: it must not include the optimizer.
        return float, (float(self),)


class LearningRateAttribute:
    """The descriptor of an optimizer's ``lr`` and ``learning_rate``.

    It reads the first parameter group, or the schedule at the next step, and writes all groups.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> LearningRateAttribute: ...

    @overload
    def __get__(self, instance: RateOwner, owner: type) -> float: ...

    def __get__(self, instance: RateOwner | None, owner: type) -> LearningRateAttribute | float:
        if instance is None:
            return self
        head, schedule = instance.param_groups[0], instance._schedule
        rate = head["lr"] if schedule is None else schedule(head["iterations"])
        return LearningRate(rate, functools.partial(self.__set__, instance))

    def __set__(self, instance: RateOwner, value: object) -> None:
        schedule = instance._schedule
        if schedule is not None and is_number(value):
            raise ContractError(
                f"{instance._owner()}: the learning rate follows the schedule "
                f"{type(schedule).__name__} and cannot be set to a number",
                hint="Make the optimizer with a number as lr, or set another schedule.",
            )
        with remembering(instance, lambda: {"lr": value}):
            rate, instance._schedule = read_rate(instance._owner(), "lr", value)
            forget_look_ups(instance, "schedule")
        instance._own_schedules = {}
        for group in instance.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)  # in place: other references must see the new rate
            else:
                group["lr"] = rate
