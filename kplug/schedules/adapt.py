"""The contract of a schedule: ``(step) -> learning rate``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

from kplug.components.contracts import find_signature, instantiate
from kplug.errors import ContractError
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.quoting import name_type, quote

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
        obj = instantiate(obj, "a schedule")
    if not callable(obj):
        raise ContractError(f"{quote(obj)} ({name_type(obj)}) is no schedule", hint=_EXPECTED)
    signature = find_signature(obj)
    if signature is None or _accepts(signature, 0):
        return cast("Callable[[int], Any]", obj)
    if _accepts(signature):
        return CurrentRate(obj)
    raise ContractError(
        f"the schedule {name_of(obj)} takes {signature}, not one step", hint=_EXPECTED
    )


def _accepts(signature: inspect.Signature, *arguments: object) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
