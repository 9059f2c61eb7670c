"""The contract of a schedule: ``(step) -> learning rate``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

from kplug.errors import ContractError

_EXPECTED = "Give a name, a LearningRateSchedule, or a function of the step (or of nothing)."


class CurrentRate:
    """A function without arguments, asked again at every step.

    Args:
        function: Returns the learning rate.

    Example:
        >>> CurrentRate(lambda: 0.1)(step=7)
        0.1
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function

    def __call__(self, step: int) -> float:  # noqa: ARG002 - the contract of a schedule
        """Return the learning rate; the step plays no part."""
        return float(self.function())


def as_schedule(obj: object) -> Callable[[int], Any]:
    """Return a callable of the step.

    Args:
        obj: A schedule instance, a schedule class whose arguments all have defaults, a function of
            the step, or a function of nothing.

    Raises:
        ContractError: If it is none of these.
    """
    if isinstance(obj, type):
        obj = _instantiate(obj)
    if not callable(obj):
        raise ContractError(f"{obj!r} (a {type(obj).__name__}) is no schedule", hint=_EXPECTED)
    try:
        signature = inspect.signature(obj)
    except (TypeError, ValueError):  # a built-in function
        return cast("Callable[[int], Any]", obj)
    if _accepts(signature, 0):
        return cast("Callable[[int], Any]", obj)
    if _accepts(signature):
        return CurrentRate(obj)
    raise ContractError(
        f"the schedule {_name(obj)} takes {signature}, not one step", hint=_EXPECTED
    )


def _instantiate(schedule_class: type) -> object:
    try:
        return schedule_class()
    except TypeError as error:
        raise ContractError(
            f"the schedule class {schedule_class.__name__} cannot be made without arguments: {error}",
            hint="Give an instance.",
        ) from error


def _accepts(signature: inspect.Signature, *arguments: object) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True


def _name(obj: object) -> str:
    return str(getattr(obj, "__name__", type(obj).__name__))
