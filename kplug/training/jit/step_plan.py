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
        constants: The constants of the graph.
        structure: The argument of ``run_planned``.
    """

    numbers: list[float]
    constants: Any
    structure: Any


def as_tensors(plans: Sequence[StepPlan], device: torch.device) -> Sequence[Tensor]:
    """Return the numbers of each step as a tensor, in double precision like Python's floats."""
    kind = torch.float32 if device.type == "mps" else torch.float64  # MPS has no float64
    numbers = [number for plan in plans for number in plan.numbers]
    tensor = torch.tensor(numbers, dtype=kind).to(device, non_blocking=True)
    if len(plans) == 1:
        return (tensor,)
    return torch.split_with_sizes(tensor, [len(plan.numbers) for plan in plans])
