"""Compares readings: the same, different, or not comparable."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kplug_numbers.reading import Part, Reading, find_step

# Of the size of the terms. Integers and booleans are compared exactly.
TOLERANCES = {"float64": 1e-7, "float32": 1e-4, "bfloat16": 0.02, "float16": 0.005}
FLOOR = 0.1  # terms are taken to be of this size at least, as inputs are of the size of 1

Outcome = Literal["same", "differs", "cannot be compared"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between two parts of the same name.

    Args:
        part: The name.
        message: What differs.
        by: The largest difference of two values by the size of the terms; infinite for what is no number.
    """

    part: str
    message: str
    by: float = math.inf

    def __str__(self) -> str:
        return f"{self.part}: {self.message}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing two readings.

    Args:
        outcome: One of the three.
        differences: What differs, in the recipe's order.
        reason: Why they cannot be compared.
    """

    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        if self.outcome != "differs":
            return self.outcome + (f": {self.reason}" if self.reason else "")
        worst = max(self.differences, key=lambda one: one.by)
        more = len(self.differences) - 1
        return f"differs: {worst}" + (f" (and {more} more of its parts)" if more else "")


def compare(recorded: Reading, found: Reading) -> Comparison:
    """Compare what was recorded with what was found.

    Args:
        recorded: The earlier reading.
        found: The later one.

    Example:
        >>> def read(value):
        ...     part = Part("float64", (), (value,), value)
        ...     return Reading("loss", "acme/dice", 1, "2.12", {"value": part})
        >>> print(compare(read(0.5), read(0.75)))
        differs: value: 0.5, now 0.75, by 33 %
    """
    reason = _find_obstacle(recorded, found)
    if reason:
        return Comparison("cannot be compared", reason=reason)
    differences = tuple(_find_differences(recorded, found))
    return Comparison("differs" if differences else "same", differences)


def _find_obstacle(recorded: Reading, found: Reading) -> str:
    if recorded.kind != found.kind:
        return f"one is of the kind {recorded.kind}, the other of {found.kind}"
    if recorded.recipe != found.recipe:
        return f"recipe {recorded.recipe} of the kind {recorded.kind}, and recipe {found.recipe}"
    return ""


def _find_differences(recorded: Reading, found: Reading) -> Iterator[Difference]:
    names = dict.fromkeys([*recorded.parts, *found.parts])
    for name in names:
        ours, theirs = recorded.parts.get(name), found.parts.get(name)
        if ours is not None and theirs is not None:
            yield from _compare_parts(name, ours, theirs)
        elif ours is None and not recorded.cut:
            yield Difference(name, "not recorded, now there")
        elif theirs is None and not found.cut:
            yield Difference(name, "recorded, not there now")


def _compare_parts(name: str, recorded: Part, found: Part) -> Iterator[Difference]:
    for what in ("raises", "dtype", "shape", "not_finite"):
        ours, theirs = getattr(recorded, what), getattr(found, what)
        if ours != theirs:
            yield Difference(name, f"{what} {_show(ours)}, now {_show(theirs)}")
            return
    size = max(recorded.size, found.size, FLOOR)
    count = math.prod(recorded.shape)
    count = -(-count // find_step(count))  # those that stand for all
    terms = [(recorded.size, found.size, size)]
    if len(recorded.sample) == len(found.sample):
        terms = [
            *(
                (ours, theirs, size)
                for ours, theirs in zip(recorded.sample, found.sample, strict=True)
            ),
            *terms,
        ]
    if max(len(recorded.sample), len(found.sample)) < count:
        terms += [(recorded.norm, found.norm, max(recorded.norm, found.norm, FLOOR))]
        terms += [(recorded.dot, found.dot, size * count)]
    tolerance = TOLERANCES.get(recorded.dtype, 0.0)
    differing = [(_distance(*term), term) for term in terms]
    differing = [one for one in differing if not one[0] <= tolerance]
    if differing:
        by, (ours, theirs, _) = max(differing, key=lambda one: one[0])
        yield Difference(name, f"{ours:.6g}, now {theirs:.6g}, by {_percent(by)}", by)


def _distance(ours: float, theirs: float, size: float) -> float:
    """Return the difference by the size of the terms; two equal values that are not finite have none."""
    if not (math.isfinite(ours) and math.isfinite(theirs)):
        return 0.0 if repr(float(ours)) == repr(float(theirs)) else math.inf
    return abs(ours / size - theirs / size)


def _percent(by: float) -> str:
    if not math.isfinite(by):
        return "no finite amount"
    return f"{100 * by:.0f} %" if 10 <= 100 * by < 1e4 else f"{100 * by:.2g} %"


def _show(value: object) -> str:
    return str(value).replace(" ", "") if value else "none"
