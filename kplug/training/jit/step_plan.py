"""The numbers of a step, computed in Python before it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class StepPlan:
    """A planned step.

    Args:
        numbers: The numbers that differ from step to step: inputs of the graph.
        constants: What else decides about the step: a part of the graph.
        structure: What ``run_planned`` wants.
    """

    numbers: list[float]
    constants: Any
    structure: Any


def as_tensors(plans: Sequence[StepPlan], device: torch.device) -> Sequence[Tensor]:
    """Return the numbers of each step as a tensor, of doubles as Python's rates and corrections are."""
    kind = torch.float32 if device.type == "mps" else torch.float64  # it has no other
    numbers = [number for plan in plans for number in plan.numbers]
    tensor = torch.tensor(numbers, dtype=kind).to(device, non_blocking=True)
    if len(plans) == 1:
        return (tensor,)
    return torch.split_with_sizes(tensor, [len(plan.numbers) for plan in plans])
