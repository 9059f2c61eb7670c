"""What Python computed for the steps of one call, before they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class StepPlan:
    """The planned steps of one call.

    Args:
        numbers: The numbers of all steps that differ from call to call: inputs of the graph.
        constants: What else decides about each step: a part of the graph.
        structures: What ``run_planned`` wants of each step.
        ends: Where the numbers of each step end.
    """

    numbers: list[float]
    constants: tuple[Any, ...]
    structures: list[Any]
    ends: list[int]

    def as_tensor(self, device: torch.device) -> Tensor:
        """Return the numbers as a tensor, of doubles: Python's rates and corrections are doubles too."""
        kind = torch.float32 if device.type == "mps" else torch.float64  # it has no other
        return torch.tensor(self.numbers, dtype=kind).to(device, non_blocking=True)

    def split(self, numbers: Sequence[Tensor]) -> list[list[Tensor]]:
        """Return the numbers of each step."""
        starts = [0, *self.ends[:-1]]
        return [list(numbers[a:b]) for a, b in zip(starts, self.ends, strict=True)]
