"""Gradient accumulation: one update from the mean gradient of several steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import torch
from torch import Tensor

from kplug.optimizers.base.moving_average import State

ACCUMULATOR = "gradient_accumulator"


@dataclasses.dataclass(frozen=True)
class GradientAccumulation:
    """Sums of gradients in the optimizer's state, and which steps update."""

    steps: int

    def is_due(self, iteration: int) -> bool:
        """Return whether a step, counted from 0, updates."""
        return (iteration + 1) % self.steps == 0

    def collect(self, state: State, parameters: Iterable[Tensor], *, is_due: bool) -> None:
        """Add the gradients; where an update is due, put their mean into ``grad``."""
        for parameter in parameters:
            held, gradient = state[parameter], parameter.grad
            if gradient is None:
                continue
            if ACCUMULATOR not in held:
                held[ACCUMULATOR] = torch.zeros_like(parameter)
            if is_due:
                parameter.grad = (gradient + held[ACCUMULATOR]) / self.steps
            else:
                held[ACCUMULATOR] += gradient
        if is_due:
            # Of every parameter: one without a gradient at this step must not keep its sum.
            for held in state.values():
                if ACCUMULATOR in held:
                    held[ACCUMULATOR].zero_()
