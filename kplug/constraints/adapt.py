"""Adapts a callable or a class to a constraint."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from kplug.components.contracts import as_callable

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
