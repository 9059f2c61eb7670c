"""Adapts a callable or a class to an activation."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from kplug.components.contracts import as_callable

_CONTRACT = "An activation is a callable (x) that returns a tensor."


def as_activation(candidate: object) -> Callable[[Tensor], Tensor]:
    """Return the activation that an object stands for.

    Args:
        candidate: A callable is kept, a torch module too; a class is called without arguments.

    Raises:
        ContractError: for anything else, and for a callable that needs more than one tensor.

    Example:
        >>> as_activation(lambda x: x.sin()).__name__
        '<lambda>'
    """
    return as_callable(candidate, "an activation", _CONTRACT)
