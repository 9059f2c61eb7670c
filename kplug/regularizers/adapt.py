"""Adapts a callable or a class to a regularizer, and checks the penalty that it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from kplug.components.contracts import as_callable
from kplug.errors import ContractError
from kplug.registry.building.reverse_lookup import name_of

_CONTRACT = "A regularizer is a callable (weight_matrix) that returns a scalar penalty."


def as_regularizer(candidate: object) -> Callable[[Tensor], Tensor]:
    """Return the regularizer that an object stands for.

    Args:
        candidate: A callable is kept; a class is called without arguments.

    Raises:
        ContractError: for anything else, and for a callable that needs more than one tensor.

    Example:
        >>> as_regularizer(lambda weight_matrix: weight_matrix.sum()).__name__
        '<lambda>'
    """
    return as_callable(candidate, "a regularizer", _CONTRACT)


def require_penalty(penalty: Any, regularizer: Callable[..., Any]) -> Any:
    """Return what a regularizer returned, if it is one number.

    Raises:
        ContractError: if it is anything else, such as one value a weight.

    Example:
        >>> require_penalty(0.5, abs)
        0.5
    """
    if getattr(penalty, "ndim", None) == 0 or isinstance(penalty, (int, float)):
        return penalty
    shape = getattr(penalty, "shape", None)
    found = type(penalty).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
    raise ContractError(
        f"the regularizer {name_of(regularizer)!r} returned {found}; a penalty is one number",
        hint="Add the values up, such as K.sum(K.abs(weight_matrix)), and return the sum.",
    )
