"""Updates of weights by formulas in NumPy, and what may stand around a formula."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.optimizers import formulas

from .loop import Array

Arrays = list[Array]


@dataclass(frozen=True)
class Rule:
    """How weights change.

    Args:
        formula: Name of a formula.
        arguments: Of the formula.
        biases: The rule of the biases, if it is another one.
        clip: What is made of the gradients first.
        rate: What the change is multiplied with, by the number of steps before.
        every: How many batches make one update, by the mean over their rows.
        average: m of a ← m·a + (1 − m)·w, the average that becomes the weights in the end.
        overwrite: After how many updates the average becomes the weights, again and again.
        scale: What the loss is multiplied with at first; half of it after gradients that float32
            does not have, which are left out.
    """

    formula: str
    arguments: dict[str, Any] = field(default_factory=dict)
    biases: Rule | None = None
    clip: Callable[[Arrays], Arrays] = lambda gradients: gradients
    rate: Callable[[int], float] = lambda step: 1.0
    every: int = 1
    average: float | None = None
    overwrite: int | None = None
    scale: float | None = None


class Formula:
    """Updates the weights of a network by a rule.

    Args:
        rule: The rule.
        network: The network.
    """

    def __init__(self, rule: Rule, network: nn.Module) -> None:
        self.rule = rule
        self.weights = [weight.detach() for weight in network.parameters()]
        self.last = [weight.numpy().copy() for weight in self.weights]
        self.averages = [weight.numpy().copy() for weight in self.weights]
        self.queues: list[deque[Array]] = [deque() for _ in self.weights]
        self.paths = [self._follow(*each) for each in zip(self.last, self.queues, strict=True)]
        self.collected: list[Arrays] = []
        self.rows: list[int] = []  # of each
        self.steps = self.updates = 0
        self.scale = rule.scale

    def _follow(self, start: Array, queue: deque[Array]) -> Iterator[Array]:
        rule = self.rule.biases if start.ndim == 1 and self.rule.biases else self.rule
        path: Iterator[Array] = getattr(formulas, rule.formula)(
            start, _take(queue), **rule.arguments
        )
        return path

    def __call__(self, gradients: Sequence[Tensor], rows: int) -> None:
        """Make one step."""
        self.collected.append([gradient.numpy() for gradient in gradients])
        self.rows.append(rows)
        if len(self.collected) == self.rule.every and self._is_finite():
            parts = zip(*self.collected, strict=True)
            means = [np.average(each, axis=0, weights=self.rows) for each in parts]
            self._update(self.rule.clip(means))
            self.collected, self.rows = [], []
        self.steps += 1

    def _is_finite(self) -> bool:
        largest = float(np.finfo(np.float32).max)
        if self.scale is None or self.scale * _find_largest(self.collected[0]) <= largest:
            return True
        self.scale, self.collected, self.rows = self.scale / 2, [], []
        return False

    def _update(self, gradients: Arrays) -> None:
        for index, (weight, path) in enumerate(zip(self.weights, self.paths, strict=True)):
            self.queues[index].append(gradients[index])
            following = next(path)
            weight += torch.as_tensor(following - self.last[index]) * self.rule.rate(self.steps)
            self.last[index] = following
        self.updates += 1
        if self.rule.average is not None:
            self._average(self.rule.average if self.updates > 1 else 0.0)

    def _average(self, momentum: float) -> None:
        for average, weight in zip(self.averages, self.weights, strict=True):
            average[...] = momentum * average + (1.0 - momentum) * weight.numpy()
        if self.rule.overwrite is not None and self.updates % self.rule.overwrite == 0:
            self.finish()

    def finish(self) -> None:
        """Let the weights be their averages, if there are any."""
        if self.rule.average is not None:
            for average, weight in zip(self.averages, self.weights, strict=True):
                weight.copy_(torch.as_tensor(average))


def _take(queue: deque[Array]) -> Iterator[Array]:
    while True:
        yield queue.popleft()


def _find_largest(gradients: Arrays) -> float:
    # The gradient of the loss itself is 1.
    return max(1.0, *(float(np.abs(gradient).max()) for gradient in gradients))


def clip_each(limit: float) -> Callable[[Arrays], Arrays]:
    """Limit the norm of each gradient."""
    return lambda gradients: [g * min(1.0, limit / np.linalg.norm(g)) for g in gradients]


def clip_together(limit: float) -> Callable[[Arrays], Arrays]:
    """Limit the norm of all gradients together."""

    def clip(gradients: Arrays) -> Arrays:
        norm = float(np.sqrt(sum((g**2).sum() for g in gradients)))
        return [g * min(1.0, limit / norm) for g in gradients]

    return clip


def clip_values(limit: float) -> Callable[[Arrays], Arrays]:
    """Limit each number."""
    return lambda gradients: [np.clip(g, -limit, limit) for g in gradients]
