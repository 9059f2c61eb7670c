"""Decoupled weight decay, and the parameters excluded from it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

# The entry of a parameter group with a weight decay of its own.
OWN_DECAY = "own_weight_decay"


@dataclasses.dataclass
class Exclusions:
    """The parameters excluded from weight decay."""

    parameters: list[Tensor] = dataclasses.field(default_factory=list)
    patterns: list[str] = dataclasses.field(default_factory=list)

    def select(self, parameters: Iterable[Tensor], names: Mapping[Tensor, str]) -> list[Tensor]:
        """Return the parameters that decay."""
        if not self.parameters and not self.patterns:
            return list(parameters)
        excluded = {id(parameter) for parameter in self.parameters}
        return [
            parameter
            for parameter in parameters
            if id(parameter) not in excluded
            and not any(re.search(each, names.get(parameter, "")) for each in self.patterns)
        ]


@torch.no_grad()
def shrink(parameters: Iterable[Tensor], fraction: float | Tensor) -> None:
    """Shrink the parameters that have a gradient by a fraction."""
    moving = [parameter for parameter in parameters if parameter.grad is not None]
    if moving:
        torch._foreach_mul_(moving, 1.0 - fraction)
