"""Learning rates."""

from __future__ import annotations

import math

from kplug.schedules import LearningRateSchedule

_KNOWN: dict[tuple[int, int], float] = {}


class CosineRate(LearningRateSchedule):
    """Half a cosine from a rate down to a floor, which then holds.

    Args:
        first: Rate at step 0, >= 0.
        floor: Rate after ``steps``, >= 0.
        steps: How many steps, >= 1.
    """

    def __init__(self, first: float = 0.1, floor: float = 0.001, steps: int = 1000) -> None:
        self.first, self.floor, self.steps = first, floor, steps

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        share = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.floor + (self.first - self.floor) * share


class PolynomialRate(LearningRateSchedule):
    """A rate that falls as ``(1 − step / steps)²``, and stays at 0.

    Args:
        first: Rate at step 0, >= 0.
        steps: How many steps, >= 1.
    """

    def __init__(self, first: float = 0.1, steps: int = 1000) -> None:
        self.first, self.steps = first, steps

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return self.first * (1 - step / self.steps) ** 2


class FlooredDecay(LearningRateSchedule):
    """Exponential decay that never goes below a floor.

    Args:
        first: Rate at step 0, >= 0.
        rate: Factor of ``steps`` steps, in (0, 1].
        steps: Steps of one factor, >= 1.
        floor: Share of the first rate that is kept, from 0 to 1.
    """

    def __init__(
        self, first: float = 0.1, rate: float = 0.5, steps: int = 500, floor: float = 0.01
    ) -> None:
        self.first, self.rate, self.steps, self.floor = first, rate, steps, floor

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        decayed = self.rate ** (step / self.steps)
        return self.first * decayed * max(1.0, self.floor / max(decayed, self.floor))


class TableRate(LearningRateSchedule):
    """A triangle that goes up and down again, from a table of its period.

    Args:
        low: The lowest rate, >= 0.
        high: The highest rate, >= low.
        period: Steps of one triangle, >= 2.
    """

    def __init__(self, low: float = 0.001, high: float = 0.1, period: int = 100) -> None:
        self.low, self.high, self.period = low, high, period

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        place = (step & 0xFFFF) % self.period / self.period
        return self.low + (self.high - self.low) * (1 - abs(2 * place - 1))


class WarmInverse(LearningRateSchedule):
    """A rate that rises for some steps, then falls with the root of the step.

    Args:
        peak: The highest rate, >= 0.
        warm: Steps until the peak, >= 1.
    """

    def __init__(self, peak: float = 0.1, warm: int = 100) -> None:
        self.peak, self.warm = peak, warm

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        key = (step, self.warm)
        if key not in _KNOWN:
            if len(_KNOWN) > 10_000:
                _KNOWN.clear()
            _KNOWN[key] = self.peak * min((step + 1) / self.warm, math.sqrt(self.warm / (step + 1)))
        return _KNOWN[key]


class PowerRate(LearningRateSchedule):
    """A rate that falls to a floor along a power of the remaining share of steps.

    Args:
        first: Rate at step 0, >= 0.
        floor: Rate after ``steps``, >= 0.
        steps: How many steps, >= 1.
        power: The power, > 0.
    """

    def __init__(
        self, first: float = 0.1, floor: float = 0.001, steps: int = 1000, power: float = 1.0
    ) -> None:
        self.first, self.floor, self.steps, self.power = first, floor, steps, power

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        done = min(step, self.steps) / self.steps
        share = (1 - done) * 1.0**self.power
        return self.floor + (self.first - self.floor) * share
