"""Gradient accumulation: one update from the mean gradient of several steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers.base.moving_average import State

ACCUMULATOR = "gradient_accumulator"
# The sum of the weights of the collected gradients, in the state of an optimizer's first parameter.
TOTAL_WEIGHT = "accumulated_weight"
MEANS = ("samples", "steps")


@dataclasses.dataclass(frozen=True)
class GradientAccumulation:
    """Sums of gradients in the optimizer's state, and which steps update.

    Args:
        steps: The number of gradients per update.
        by_samples: Whether the mean is that over samples: gradients count by the weight of their batch.
    """

    steps: int
    by_samples: bool = True

    def collect(
        self, state: State, parameters: Sequence[Tensor], weight: Any, collected: int
    ) -> None:
        """Add the gradients; at the last step before an update, put their mean into ``grad``.

        Args:
            state: The optimizer's state.
            parameters: All of its parameters.
            weight: The weight of these gradients, a number or a tensor of shape ().
            collected: How many gradients were collected before.
        """
        total = self._find_total(state, parameters, weight, collected)
        total += weight
        is_due = collected == self.steps - 1
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is not None:
                held = state[parameter]
                if ACCUMULATOR not in held:
                    held[ACCUMULATOR] = torch.zeros_like(parameter)
                if is_due:
                    parameter.grad = (gradient * weight + held[ACCUMULATOR]) / total
                else:
                    held[ACCUMULATOR] += gradient * weight
        if is_due:
            total.zero_()
            # Of every parameter: one without a gradient at this step must not keep its sum.
            for parameter in parameters:
                if ACCUMULATOR in state.get(parameter, ()):
                    state[parameter][ACCUMULATOR].zero_()

    @staticmethod
    def _find_total(
        state: State, parameters: Sequence[Tensor], weight: Any, collected: int
    ) -> Tensor:
        """Return the sum of weights; sums from a file without one are of gradients like this one."""
        first = parameters[0]
        held = state[first]
        if TOTAL_WEIGHT not in held:
            kind = torch.promote_types(first.dtype, torch.float32)
            held[TOTAL_WEIGHT] = torch.zeros((), dtype=kind, device=first.device)
            if collected:
                held[TOTAL_WEIGHT] += collected * weight
                for parameter in parameters:
                    if ACCUMULATOR in state.get(parameter, ()):
                        state[parameter][ACCUMULATOR] *= weight
        total: Tensor = held[TOTAL_WEIGHT]
        return total
