"""Exponential moving averages of weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, MutableMapping
from typing import Any, TypeAlias

import torch
from torch import Tensor

State: TypeAlias = MutableMapping[Tensor, dict[str, Any]]

# The key in a parameter's state, next to those of the rule, so that ``state_dict`` includes it.
AVERAGE = "average"


@dataclasses.dataclass(frozen=True)
class MovingAverage:
    """Averages that follow the weights: average ← μ · average + (1 − μ) · p."""

    momentum: float
    overwrite_frequency: int | None = None

    def plan(self, updates: int) -> tuple[float, bool]:
        """Return μ for one update, and whether the weights become their averages after it."""
        momentum = self.momentum if updates else 0.0  # the first average is the weight itself
        frequency = self.overwrite_frequency
        return momentum, frequency is not None and (updates + 1) % frequency == 0

    @staticmethod
    def follow(
        state: State, parameters: Iterable[Tensor], momentum: float | Tensor, *, is_written: bool
    ) -> None:
        """Update the averages; with ``is_written``, then assign them to the weights."""
        for parameter in parameters:
            held = state[parameter]
            if AVERAGE not in held:
                held[AVERAGE] = torch.zeros_like(parameter)
            held[AVERAGE].mul_(momentum).add_(parameter, alpha=1.0 - momentum)
        if is_written:
            write_averages(state, parameters)


@torch.no_grad()
def write_averages(state: State, parameters: Iterable[Tensor]) -> None:
    """Assign the moving averages to their parameters, where they exist."""
    for parameter in parameters:
        average = state.get(parameter, {}).get(AVERAGE)
        if average is not None:
            parameter.copy_(average)
