"""What may stand where a regularizer is expected."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from kplug.contracts import as_callable

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
