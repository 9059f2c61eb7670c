"""Adapts a callable or a class to a constraint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from kplug.components.contracts import as_callable
from kplug.errors import ContractError
from kplug.registry.quoting import name_type

_CONTRACT = "A constraint is a callable (weight_matrix) that returns a weight of its shape."


def as_constraint(candidate: object) -> Callable[[Tensor], Tensor]:
    """Return the constraint that an object stands for.

    Args:
        candidate: A callable is kept; a class is called without arguments.

    Raises:
        ContractError: for anything else, and for a callable that needs more than one tensor.

    Example:
        >>> as_constraint(lambda weight_matrix: weight_matrix.abs()).__name__
        '<lambda>'
    """
    return as_callable(candidate, "a constraint", _CONTRACT)


@torch.no_grad()
def apply_constraints(constraints: Iterable[tuple[Callable[[Tensor], Tensor], Tensor]]) -> None:
    """Apply each constraint to its weight."""
    for constraint, weight in constraints:
        made: Any = constraint(weight)
        if not isinstance(made, Tensor) or made.shape != weight.shape:
            shape = tuple(weight.shape)
            found = f"shape {tuple(made.shape)}" if isinstance(made, Tensor) else name_type(made)
            raise ContractError(
                f"a constraint returned {found} for a weight of shape {shape}",
                hint="A constraint returns a tensor of the weight's shape, such as K.abs(weight_matrix).",
            )
        weight.copy_(made)
