"""Functions for optimizers to minimise, and the loop that steps an optimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug.optimizers import set_gradients, take_step

Function = Callable[[list[Tensor]], Tensor]


def start(dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Return two weights, a matrix and a vector, before the first step."""
    matrix = torch.linspace(-1.0, 1.0, 6, dtype=torch.float64).reshape(2, 3)
    vector = torch.tensor([0.7, -0.4], dtype=torch.float64)
    return [value.to(dtype).requires_grad_() for value in (matrix, vector)]


def parabola(parameters: list[Tensor]) -> Tensor:
    """Return a sum of squares with its minimum, 0, where every weight is 0.3."""
    return torch.stack([(parameter - 0.3).square().sum() for parameter in parameters]).sum()


def rosenbrock(parameters: list[Tensor]) -> Tensor:
    """Return the function of the curved valley, whose minimum, 0, is at (1, 1)."""
    x, y = parameters[0].flatten()
    value: Tensor = (1.0 - x).square() + 100.0 * (y - x.square()).square()
    return value


def advance(optimizer: Any, parameters: list[Tensor], function: Function, count: int) -> float:
    """Make steps and return the function's value after them."""
    for _ in range(count):
        take_step(optimizer, lambda: set_gradients(optimizer, parameters, function))
    with torch.no_grad():
        return float(function(parameters))
