"""Schedules with one small defect each."""

from __future__ import annotations

import math
import random
from typing import Any

from kplug.schedules import LearningRateSchedule
from tests.plugins.planted_defects.table import Defect


class Decay(LearningRateSchedule):
    """The inverse of the step; right as it stands."""

    def __init__(self, rate: float = 0.1, steps: int = 100) -> None:
        self.rate, self.steps = rate, steps

    def __call__(self, step: int) -> float:
        return self.rate / (1.0 + step / self.steps)


class Forgetful(Decay):
    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}


class Unheeded(Decay):
    def __call__(self, step: int) -> float:
        return self.rate / (1.0 + step / 100)


class Linear(Decay):
    def __call__(self, step: int) -> float:
        return self.rate * (1.0 - step / self.steps)


class Inverse(Decay):
    def __call__(self, step: int) -> float:
        return self.rate / math.sqrt(step / self.steps)


class Growing(Decay):
    def __call__(self, step: int) -> float:
        return self.rate / (1.0 + 1.0 / self.steps) ** step


class Counting(Decay):
    def __init__(self, rate: float = 0.1, steps: int = 100) -> None:
        super().__init__(rate, steps)
        self._calls = 0

    def __call__(self, step: int) -> float:
        self._calls += 1
        return self.rate / (1.0 + self._calls / self.steps)


class Warm(Decay):
    """Remembers where it was, so a run that is continued has another rate."""

    def __init__(self, rate: float = 0.1, steps: int = 100) -> None:
        super().__init__(rate, steps)
        self._last = 0.0

    def __call__(self, step: int) -> float:
        self._last = 0.5 * self._last + 0.5 * super().__call__(step)
        return self._last


class Drawing(Decay):
    def __call__(self, step: int) -> float:
        return self.rate * random.random() / (1.0 + step / self.steps)


class Lambdas(Decay):
    def __init__(self, rate: float = 0.1, steps: int = 100) -> None:
        super().__init__(rate, steps)
        self._of = lambda step: rate / (1.0 + step / steps)

    def __call__(self, step: int) -> float:
        return self._of(step)


class Greedy(Decay):
    def __init__(self, rate: float = 0.1, steps: int = 100, **options: Any) -> None:
        super().__init__(rate, steps)


class Consuming(LearningRateSchedule):
    """Takes the values away from the list that it was given."""

    def __init__(self, values: list[float] = [0.1, 0.01, 0.001]) -> None:  # noqa: B006
        self.values = values

    def __call__(self, step: int) -> float:
        if step > 100 and len(self.values) > 1:
            self.values.pop(0)
        return self.values[0]


DEFECTS = [
    Defect("forgets the steps", Forgetful, "config", "a loaded model decays otherwise"),
    Defect("reads no steps", Unheeded, "effect", "the argument changes nothing"),
    Defect("falls below zero", Linear, "finite", "the model climbs"),
    Defect("divides by the step", Inverse, "finite", "the first step fails"),
    Defect("overflows", Growing, "finite", "a long run ends with OverflowError"),
    Defect("counts its calls", Counting, "stateless", "a continued run starts again"),
    Defect("remembers the last rate", Warm, "stateless", "a continued run starts again"),
    Defect(
        "draws a number",
        Drawing,
        "determinism",
        "no run can be repeated",
        also=("stateless", "config", "pickle"),
    ),
    Defect("keeps a lambda", Lambdas, "pickle", "the model cannot be sent to a process"),
    Defect("takes any keyword", Greedy, "arguments", "a misspelt argument is lost"),
    Defect(
        "consumes its list",
        Consuming,
        "config",
        "a second run starts at the end",
        also=("determinism", "stateless", "pickle"),
    ),
]
