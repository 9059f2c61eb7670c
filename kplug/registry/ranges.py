"""`Range`: the values of an argument that are worth a search."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from kplug.registry.errors import ArgumentValueError, RegistrationError
from kplug.registry.quoting import quote


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from ``low`` to ``high``, both included, that a search tries for an argument.

    Two integers make a range of integers. It is no check: the component itself says which values it allows.

    Args:
        low: The smallest number, finite.
        high: The largest number, finite and > ``low``.
        log: Whether a search draws on a logarithmic scale, for which ``low`` is > 0.
        step: The distance of the numbers that are tried, > 0; None for any number. Not with ``log``.

    Raises:
        ArgumentValueError: if a number is outside its range.

    Example:
        >>> print(Range(1e-5, 0.1, log=True))
        1e-05 to 0.1 (log)

    Reference:
        The arguments are those of ``suggest_float`` and ``suggest_int`` in Optuna.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            self._require(name, _is_number(getattr(self, name)), "a finite number")
        self._require("high", self.high > self.low, f"a number > {self.low}")
        self._require("log", isinstance(self.log, bool), "True or False")
        self._require(
            "low", self.low > 0 or not self.log, "a number > 0, as the scale is logarithmic"
        )
        if self.step is not None:
            is_step = _is_number(self.step) and self.step > 0 and not self.log
            self._require("step", is_step, "None, or a number > 0 without log")
            is_whole = not self.is_integer or isinstance(self.step, int)
            self._require("step", is_whole, "an integer, as low and high are")

    def _require(self, argument: str, is_allowed: bool, allowed: str) -> None:
        if not is_allowed:
            raise ArgumentValueError("Range", argument, getattr(self, argument), allowed)

    @property
    def is_integer(self) -> bool:
        """Whether its numbers are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def __str__(self) -> str:
        notes = [*(["log"] if self.log else []), *([f"step {self.step}"] if self.step else [])]
        return f"{self.low} to {self.high}" + (f" ({', '.join(notes)})" if notes else "")


Searched: TypeAlias = Range | tuple[Any, ...]
"""A range, or the choices themselves."""


def check_ranges(owner: str, given: Mapping[str, object]) -> None:
    """Refuse what is neither a range nor a tuple of choices.

    Raises:
        RegistrationError: for the first of them.
    """
    for name, values in given.items():
        if not isinstance(values, Range) and not (isinstance(values, tuple) and values):
            raise RegistrationError(
                f"the search range of {quote(name)} of {owner} is {quote(values)}",
                hint=f"Give a range or a tuple of choices: {name}=kplug.Range(0.0, 1.0), {name}=(1, 2).",
            )


def write_range(values: Searched) -> str:
    """Return a range or choices in words.

    Example:
        >>> write_range((3, 5, 7))
        '3, 5 or 7'
    """
    if isinstance(values, Range):
        return str(values)
    *others, last = map(quote, values)
    return f"{', '.join(others)} or {last}" if others else last


def list_ends(values: Searched) -> tuple[Any, ...]:
    """Return the ends of a range, or all choices: what a component has to allow."""
    return (values.low, values.high) if isinstance(values, Range) else values


def _is_number(value: object) -> bool:
    is_real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_real and math.isfinite(value)  # type: ignore[arg-type]
