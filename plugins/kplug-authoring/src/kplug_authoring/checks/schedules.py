"""Checks of schedules: learning rates that depend on the step alone."""

from __future__ import annotations

import itertools
import math
from typing import Any

from kplug_authoring.checks.common import COMMON
from kplug_authoring.checks.subject import (
    Finding,
    Subject,
    Suite,
    check,
    count_calls,
    find_difference,
)

_STEPS = (0, 1, 2, 7, 10, 100, 1_000)
_LATE, _LATE_IF_IT_COUNTS = 100_000, 20_000
_LONGEST = 10_000_000
_EARLY = (*range(0, 1_000, 7), 2_000, 5_000, 10_000)


def rates_of(subject: Subject, made: Any) -> list[float]:  # noqa: ARG001 - as for other kinds
    """Return the learning rates of some steps; NaN for a failure, which the check ``finite`` reports."""
    return [_rate_at(made, step) for step in _STEPS]


def _rate_at(made: Any, step: int) -> float:
    try:
        return float(made(step))
    except ArithmeticError:
        return math.nan


def _counts(schedule: Any) -> bool:
    """Whether a schedule goes through all steps before the one that is asked for, as torch's do."""
    try:
        return count_calls(lambda: schedule(2_000)) > 2_000
    except ArithmeticError:  # the check ``finite`` reports it
        return False


@check("a finite learning rate >= 0 at every step", "Clamp it.")
def _finite(subject: Subject) -> Finding:
    schedule = subject.make()
    for step in (*_STEPS, _LATE_IF_IT_COUNTS if _counts(schedule) else _LATE):
        try:
            rate = float(schedule(step))
        except ArithmeticError as error:
            return f"{type(error).__name__} at step {step}: {error}"
        if not (math.isfinite(rate) and rate >= 0.0):
            return f"{rate} at step {step}"
    return None


@check(
    "a rate that depends on the step only, whatever was asked before",
    "Compute it from the step; a run that is continued asks for later steps first.",
)
def _stateless(subject: Subject) -> Finding:
    schedule = subject.make()
    forwards = rates_of(subject, schedule)
    backwards = [_rate_at(schedule, step) for step in reversed(_STEPS)]
    return find_difference(forwards, backwards[::-1])


@check(
    "late in a training no rate above all those before",
    "Clamp the step: step = min(step, decay_steps). A power of 1 - step / decay_steps grows again behind it.",
    after=("finite",),
)
def _late(subject: Subject) -> Finding:
    schedule = subject.make()
    # Asked first, as a schedule that counts keeps the rates of the steps that it has gone through.
    steps = [_LATE_IF_IT_COUNTS] if _counts(schedule) else [_LATE, 1_000_000, 30_000_000]
    early = [float(schedule(step)) for step in _EARLY]
    last = _EARLY[-1]
    # A rate that has done nothing but rise may still warm up: its end is looked for later.
    while steps and early[-2] < early[-1] and early == sorted(early):
        last = steps.pop(0)
        early.append(float(schedule(last)))
        if not steps and early[-1] > 1.01 * early[-2] and last > _LATE:
            return (
                f"{early[-1]:.4g} at step {last}, and {early[-2]:.4g} before: it rises without end"
            )
    highest = max(early)
    for step in steps:
        rate = float(schedule(step))
        if rate > 1.01 * highest:
            return f"{rate:.4g} at step {step}, and at most {highest:.4g} up to step {last:,}"
    return None


@check(
    "a rate that repeats itself goes on to do so, and one that ends at a lowest rate stays there",
    "Compute the place in a period from the whole step: step % period, without a table or a mask of bits. "
    "Clamp the step at the end: min(step, steps).",
    after=("finite", "stateless"),
)
def _goes_on(subject: Subject) -> Finding:
    schedule = subject.make()
    if _counts(schedule):
        return None
    for name, count in subject.resolve().arguments.items():
        if not isinstance(count, int) or isinstance(count, bool) or not 2 <= count <= _LONGEST:
            continue
        places = range(0, count, 1 + count // 100)
        first = [float(schedule(step)) for step in places]
        second = [float(schedule(count + step)) for step in places]
        if count <= 10_000 and len(set(first)) > 2 and not find_difference(first, second, 1e-9):
            for begin in (65_536, _LATE):
                end = begin - begin % count
                for shift in (end - count, end):
                    if find_difference(first, [schedule(shift + one) for one in places], 1e-7):
                        return f"it repeats itself after {count} steps, and not around step {begin}"
        is_end = name.lower().endswith("steps") and not name.startswith(("warm", "first", "cycle"))
        falls = all(one >= other for one, other in itertools.pairwise(first))
        if is_end and falls and first[0] > second[0] and second[-1] > 1.1 * second[0]:
            return f"{second[0]:.4g} after {count} steps ({name}), then {second[-1]:.4g} again"
    return None


SCHEDULE = Suite(rates_of, (*COMMON, _finite, _stateless, _late, _goes_on))
