"""What a learning-rate schedule is."""

from __future__ import annotations

import inspect
import math
from typing import Any

from typing_extensions import Self

from kplug.errors import ArgumentValueError


class LearningRateSchedule:
    """A learning rate that depends on how many steps the optimizer has made.

    A subclass writes ``__call__``. If it keeps its constructor's arguments as attributes of the same
    names, ``get_config`` and ``from_config`` work without more.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...
        ...     def __call__(self, step):
        ...         return self.start * 0.5**step
        >>> Halving(0.1)(1), Halving(0.1).get_config()
        (0.05, {'start': 0.1})
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step; the first one is step 0."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step)")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a schedule from what ``get_config`` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def check_number(
    schedule: object, argument: str, value: object, *, above: float = -math.inf
) -> float:
    """Return a finite number greater than ``above``; an integer stays one.

    Raises:
        ArgumentValueError: If it is none.
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= above:  # type: ignore[arg-type, operator]
        allowed = "a finite number" + (f" > {above:g}" if above > -math.inf else "")
        raise ArgumentValueError(type(schedule).__name__, argument, value, allowed)
    return value  # type: ignore[return-value]
