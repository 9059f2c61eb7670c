"""Exponential, inverse-time, polynomial and piecewise-constant decay."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

from kplug.components.arguments import refusal, require_flag, require_number, require_positive
from kplug.schedules.arithmetic import ceil, divide, floor, power, read_step
from kplug.schedules.base import LearningRateSchedule

_MOST_BOUNDARIES = 100_000


class ExponentialDecay(LearningRateSchedule):
    """The rate times one factor every so many steps: lr · decay_rate^(step / decay_steps).

    Args:
        decay_steps: Steps over which the rate is multiplied by ``decay_rate`` once, > 0.
        decay_rate: The factor.

    Example:
        >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.025

    Reference:
        ``keras.optimizers.schedules.ExponentialDecay``, which computes in float32; here in float64.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = require_number(
            self, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = require_positive(self, "decay_steps", decay_steps)
        self.decay_rate = require_number(self, "decay_rate", decay_rate)
        self.staircase = require_flag(self, "staircase", staircase)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        periods = read_step(self, step) / self.decay_steps
        exponent = floor(periods) if self.staircase else periods
        return self.initial_learning_rate * power(self.decay_rate, exponent)


class InverseTimeDecay(LearningRateSchedule):
    """The rate divided by a number that grows: lr / (1 + decay_rate · step / decay_steps).

    Args:
        decay_steps: Steps that count as one unit of time, > 0.
        decay_rate: How much the divisor grows in one unit.

    Example:
        >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10)
        0.05

    Reference:
        ``keras.optimizers.schedules.InverseTimeDecay``. An optimizer's own ``decay`` argument is this
        with ``decay_rate = decay · decay_steps``.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = require_number(
            self, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = require_positive(self, "decay_steps", decay_steps)
        self.decay_rate = require_number(self, "decay_rate", decay_rate)
        self.staircase = require_flag(self, "staircase", staircase)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        periods = read_step(self, step) / self.decay_steps
        if self.staircase:
            periods = floor(periods)
        return divide(self.initial_learning_rate, 1.0 + self.decay_rate * periods)


class PolynomialDecay(LearningRateSchedule):
    """From a first to a last rate: (first − last) · (1 − min(step, n) / n)^power + last.

    Args:
        initial_learning_rate: The first rate, at step 0.
        decay_steps: n, the step from which the rate is ``end_learning_rate``; > 0.
        end_learning_rate: The last rate.
        power: 1 is a straight line.
        cycle: Whether n grows to the next multiple of decay_steps when the step reaches it.

    Example:
        >>> PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5)
        0.5

    Reference:
        ``keras.optimizers.schedules.PolynomialDecay``.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = require_number(
            self, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = require_positive(self, "decay_steps", decay_steps)
        self.end_learning_rate = require_number(self, "end_learning_rate", end_learning_rate)
        self.power = require_number(self, "power", power)
        self.cycle = require_flag(self, "cycle", cycle)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        position, length = read_step(self, step), self.decay_steps
        if self.cycle:
            length *= ceil(position / self.decay_steps) if position else 1
        else:
            position = min(position, length)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * power(1.0 - divide(position, length), self.power) + self.end_learning_rate


class PiecewiseConstantDecay(LearningRateSchedule):
    """Constant rates between given steps; a boundary itself still has the earlier rate.

    Args:
        boundaries: Increasing steps, 100,000 at most; write your own schedule for more.
        values: The rates, one more than there are boundaries.

    Raises:
        ArgumentValueError: If the boundaries do not increase or the numbers of entries do not match.

    Example:
        >>> schedule = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
        >>> schedule(100), schedule(101), schedule(500)
        (1.0, 0.5, 0.1)

    Reference:
        ``keras.optimizers.schedules.PiecewiseConstantDecay``.
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) > _MOST_BOUNDARIES:
            given = f"{len(boundaries)} steps"
            raise refusal(self, "boundaries", given, f"at most {_MOST_BOUNDARIES} steps")
        steps = [require_number(self, "boundaries", boundary) for boundary in boundaries]
        rates = [require_number(self, "values", value) for value in values]
        if any(later <= earlier for earlier, later in itertools.pairwise(steps)):
            raise refusal(self, "boundaries", list(boundaries), "strictly increasing steps")
        if len(rates) != len(steps) + 1:
            raise refusal(
                self,
                "values",
                list(values),
                f"{len(steps) + 1} rates, one more than there are boundaries",
            )
        self.boundaries, self.values = list(boundaries), rates
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.values[bisect.bisect_left(self.boundaries, read_step(self, step))]
