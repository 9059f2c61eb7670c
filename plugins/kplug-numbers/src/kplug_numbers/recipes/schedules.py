"""The recipe of schedules: learning rates of steps."""

from __future__ import annotations

from typing import Any

from kplug_numbers.recipes.recorder import Recorder

_STEPS = (0, 1, 2, 3, 5, 10, 20, 50, 99, 100, 101, 200, 500, 1_000, 10_000)
_BACKWARDS = (500, 50, 3)


def record_schedule(out: Recorder) -> None:
    """Record a schedule, asked for each step anew, then backwards."""
    for step in _STEPS:
        out.attempt(f"step_{step}", _ask, out.make(), (step,))
    out.attempt("backwards", _ask, out.make(), _BACKWARDS)


def _ask(schedule: Any, steps: tuple[int, ...]) -> dict[str, float]:
    return {f"rate_{step}": float(schedule(step)) for step in steps}
