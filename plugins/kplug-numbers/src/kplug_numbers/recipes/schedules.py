"""The recipe of schedules: learning rates of steps."""

from __future__ import annotations

from kplug_numbers.recipes.recorder import Recorder

_STEPS = (0, 1, 2, 3, 5, 10, 20, 50, 99, 100, 101, 200, 500, 1_000, 10_000)


def record_schedule(out: Recorder) -> None:
    """Record a schedule, asked for each step anew, then backwards."""
    for step in _STEPS:
        out.attempt(f"step_{step}", lambda step=step: {"rate": float(out.make()(step))})
    schedule = out.make()
    out.attempt(
        "backwards", lambda: {f"step_{step}": float(schedule(step)) for step in _STEPS[-3::-4]}
    )
