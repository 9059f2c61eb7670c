"""Initializers, constraints, regularizers, schedules, callbacks and activations that are right."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kplug.callbacks import Callback
from kplug.components.arguments import (
    require_integer,
    require_nonnegative,
    require_positive,
    require_share,
)
from kplug.initializers import compute_fans
from kplug.schedules import LearningRateSchedule


def seeded_lecun(
    shape: tuple[int, ...], dtype: torch.dtype | None = None, seed: int | None = None
) -> Tensor:
    """Draw with the variance 1 / fan_in, from a generator of its own if there is a seed."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    fan_in, _ = compute_fans(shape)
    return torch.randn(shape, dtype=dtype, generator=generator) / math.sqrt(max(fan_in, 1))


def ramp(shape: tuple[int, ...], dtype: torch.dtype | None = None, last: float = 1.0) -> Tensor:
    """Values from 0 to ``last`` in order: nothing is random."""
    return torch.linspace(0, last, math.prod(shape), dtype=dtype).reshape(shape)


def box(weight_matrix: Tensor, limit: float = 0.5) -> Tensor:
    """Clip to [−limit, limit]."""
    limit = require_nonnegative("box", "limit", limit)
    return weight_matrix.clamp(-limit, limit)


def ternary(weight_matrix: Tensor) -> Tensor:
    """−1, 0 or 1."""
    return torch.where(
        weight_matrix.abs() > 0.5, weight_matrix.sign(), torch.zeros_like(weight_matrix)
    )


def free(weight_matrix: Tensor) -> Tensor:
    """No constraint at all."""
    return weight_matrix


def group_norm(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Sum of the smoothed norms of the columns."""
    columns = weight_matrix.reshape(-1, weight_matrix.shape[-1])
    return strength * (columns.square().sum(0) + 1e-6).sqrt().sum()


def smooth_l1(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Mean of a smooth absolute value."""
    return strength * torch.nn.functional.smooth_l1_loss(
        weight_matrix, torch.zeros_like(weight_matrix)
    )


def staircase(step: int, first: float = 0.1, every: int = 100, factor: float = 0.5) -> float:
    """A staircase that goes down to 1e-6."""
    first = require_nonnegative("staircase", "first", first)
    every = require_integer("staircase", "every", every, "an integer >= 1", at_least=1)
    factor = require_share("staircase", "factor", factor)
    return max(first * factor ** (step // every), 1e-6)


class Cycle(LearningRateSchedule):
    """A cosine that begins anew each period, on purpose.

    Args:
        high: The highest rate.
        period: Steps of a period.
    """

    def __init__(self, high: float = 0.1, period: int = 50) -> None:
        self.high = require_nonnegative(self, "high", high)
        self.period = require_integer(self, "period", period, "an integer >= 1", at_least=1)

    def __call__(self, step: int) -> float:
        return 0.5 * self.high * (1 + math.cos(math.pi * (step % self.period) / self.period))


def gated(x: Tensor) -> Tensor:
    """x times a sigmoid that is made of three lines."""
    return x * (x / 6 + 0.5).clamp(0, 1)


def last_softmax(x: Tensor, temperature: float = 1.0) -> Tensor:
    """Softmax over the last axis with a temperature."""
    temperature = require_positive("last_softmax", "temperature", temperature)
    return (x / temperature).softmax(-1)


class Swish(torch.nn.Module):
    """Swish as a torch module without weights."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.sigmoid()


class BestKept(Callback):
    """Put copies of the best weights back at the end.

    Args:
        monitor: The log; smaller is better.
        note: Any text.
    """

    def __init__(self, monitor: str = "loss", note: str = "") -> None:
        self.monitor, self.note = monitor, note

    def on_train_begin(self, logs: Any = None) -> None:
        self.best, self.kept = float("inf"), None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = (logs or {}).get(self.monitor)
        if value is not None and float(value) < self.best:
            self.best, self.kept = (
                float(value),
                [weight.copy() for weight in self.model.get_weights()],
            )

    def on_train_end(self, logs: Any = None) -> None:
        if self.kept is not None:
            self.model.set_weights(self.kept)


class EpochRate(Callback):
    """Set the rate by the number of the epoch, so a resumed run goes on.

    Args:
        first: Rate of epoch 0.
        factor: Factor of each epoch.
    """

    def __init__(self, first: float = 0.1, factor: float = 0.9) -> None:
        self.first = require_positive(self, "first", first)
        self.factor = require_share(self, "factor", factor)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        for group in self.model.optimizer.param_groups:
            group["lr"] = self.first * self.factor**epoch


class PeekInEval(Callback):
    """Look at the model in evaluation mode, then put each layer's mode back."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        was = self.model.training
        self.model.eval()
        with torch.no_grad():
            self.seen = sum(float(weight.abs().sum()) for weight in self.model.trainable_weights)
        self.model.train(was)
