"""Cosine decay, once or with restarts."""

from __future__ import annotations

import math

from kplug.components.arguments import require_nonnegative, require_number, require_positive
from kplug.schedules.arithmetic import divide, power, read_step
from kplug.schedules.base import LearningRateSchedule


class CosineDecay(LearningRateSchedule):
    """Half a cosine wave, optionally after a linear warm-up.

    lr · ((1 − alpha) · ½(1 + cos(π · min(step, n) / n)) + alpha) at each step.

    Args:
        decay_steps: n, counted from the end of the warm-up; > 0.
        alpha: The last rate as a fraction of the largest.
        warmup_target: The rate that a linear warm-up reaches; the decay then starts from it. None: no
            warm-up.
        warmup_steps: Length of the warm-up, >= 0.

    Example:
        >>> CosineDecay(0.1, decay_steps=100)(100)
        0.0
        >>> CosineDecay(0.0, decay_steps=100, warmup_target=0.4, warmup_steps=10)(5)
        0.2

    Reference:
        Loshchilov and Hutter, SGDR, 2017; ``keras.optimizers.schedules.CosineDecay``.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = require_number(
            self, "initial_learning_rate", initial_learning_rate
        )
        self.decay_steps = require_positive(self, "decay_steps", decay_steps)
        self.alpha = require_number(self, "alpha", alpha)
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else require_number(self, "warmup_target", warmup_target)
        )
        self.warmup_steps = require_nonnegative(self, "warmup_steps", warmup_steps)

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        position, peak = read_step(self, step), self.initial_learning_rate
        if self.warmup_target is not None:
            if position < self.warmup_steps:
                climb = self.warmup_target - self.initial_learning_rate
                return self.initial_learning_rate + divide(climb * position, self.warmup_steps)
            position, peak = position - self.warmup_steps, self.warmup_target
        fraction = min(position, self.decay_steps) / self.decay_steps
        return peak * blend_cosine(fraction, self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays one after another, each longer and lower than the one before.

    lr · ((1 − alpha) · m_mulⁱ · ½(1 + cos(π · f)) + alpha), where f is the fraction of period
    i = 0, 1, … that has passed; the period lasts first_decay_steps · t_mulⁱ steps.

    Args:
        first_decay_steps: Length of the first period, > 0.
        t_mul: Factor of the length, >= 1.
        m_mul: Factor of the amplitude.
        alpha: The last rate of a period as a fraction of ``initial_learning_rate``.

    Example:
        >>> schedule = CosineDecayRestarts(0.1, first_decay_steps=10, m_mul=0.5)
        >>> round(schedule(5), 6), schedule(10), schedule(30)
        (0.05, 0.05, 0.025)

    Reference:
        Loshchilov and Hutter, SGDR, 2017; ``keras.optimizers.schedules.CosineDecayRestarts``.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = require_number(
            self, "initial_learning_rate", initial_learning_rate
        )
        self.first_decay_steps = require_positive(self, "first_decay_steps", first_decay_steps)
        # Below 1, the lengths of all periods would have a finite sum.
        self.t_mul = require_number(self, "t_mul", t_mul, "a finite number >= 1", at_least=1.0)
        self.m_mul = require_number(self, "m_mul", m_mul)
        self.alpha = require_number(self, "alpha", alpha)
        self.name = name

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        period, fraction = self._locate(read_step(self, step) / self.first_decay_steps)
        amplitude = power(self.m_mul, period)
        return self.initial_learning_rate * blend_cosine(fraction, self.alpha, amplitude)

    def _locate(self, progress: float) -> tuple[float, float]:
        """Return the period's number and its elapsed fraction; ``progress`` counts first periods."""
        growth = self.t_mul - 1.0
        if not 0.0 < 1.0 + progress * growth < math.inf:  # before the first period, or not finite
            return math.nan, math.nan
        if not growth:
            return math.floor(progress), progress % 1.0
        period = math.floor(math.log(1.0 + progress * growth) / math.log(self.t_mul))
        # The logarithms may round across an integer, where the rate jumps.
        while (self.t_mul ** (period + 1) - 1.0) / growth <= progress:
            period += 1
        while period and (self.t_mul**period - 1.0) / growth > progress:
            period -= 1
        begin = (self.t_mul**period - 1.0) / growth
        return period, (progress - begin) / self.t_mul**period


def blend_cosine(fraction: float, alpha: float, amplitude: float = 1.0) -> float:
    """Return a value that falls from (1 − alpha)·amplitude + alpha to alpha as fraction goes 0 to 1.

    Example:
        >>> blend_cosine(0.0, alpha=0.1), blend_cosine(1.0, alpha=0.1)
        (1.0, 0.1)
    """
    wave = math.cos(math.pi * fraction) if math.isfinite(fraction) else math.nan
    return (1.0 - alpha) * amplitude * 0.5 * (1.0 + wave) + alpha
