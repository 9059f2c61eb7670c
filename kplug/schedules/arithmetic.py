"""Arithmetic of schedules: gives infinity or NaN where Python's raises."""

from __future__ import annotations

import math
from typing import Any

from kplug.components.arguments import refusal


def read_step(owner: object, step: Any) -> float:
    """Return a step as a float.

    Args:
        owner: The schedule.
        step: A number, or a 0-d array or tensor.

    Raises:
        ArgumentValueError: It is something else.
    """
    try:
        return float(step)
    except (TypeError, ValueError, OverflowError):
        raise refusal(owner, "step", step, "the number of a step") from None


def power(base: float, exponent: float) -> float:
    """Return ``base`` to the power of ``exponent``.

    Example:
        >>> power(2.0, 1e6), power(0.0, -1.0), power(-1.0, 0.5)
        (inf, inf, nan)
    """
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        if base < 0.0 and exponent % 1.0:
            return math.nan
        return math.copysign(math.inf, base) if exponent % 2.0 == 1.0 else math.inf


def divide(dividend: float, divisor: float) -> float:
    """Return a quotient.

    Example:
        >>> divide(1.0, 0.0)
        inf
    """
    if divisor:
        return dividend / divisor
    if not dividend or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)


def floor(number: float) -> float:
    """Return a number rounded down; infinities and NaN stay."""
    return math.floor(number) if math.isfinite(number) else number


def ceil(number: float) -> float:
    """Return a number rounded up; infinities and NaN stay."""
    return math.ceil(number) if math.isfinite(number) else number
