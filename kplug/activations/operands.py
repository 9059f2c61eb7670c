"""Applies activations to arrays, numbers and symbolic tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor

from kplug.backend.convert import to_float, to_operand_of


def apply(function: Callable[..., Tensor], x: Any, **arguments: Any) -> Tensor:
    """Call an activation on arrays, numbers or a symbolic tensor.

    Args:
        function: The activation.
        x: An array or numbers; or a symbolic tensor, on which an ``Activation`` layer is called.
        arguments: The activation's other arguments.

    Raises:
        DataError: ``x`` is something else.

    Example:
        >>> import torch
        >>> apply(torch.tanh, [0, 0])
        tensor([0., 0.])
    """
    name = function.__name__
    if getattr(x, "is_symbolic", False):
        known = inspect.signature(function).parameters
        given = {key: value for key, value in arguments.items() if value != known[key].default}
        made: Tensor = x.activate(x, name, given)  # a symbolic one
        return made
    tensor = to_operand_of(name, x)
    try:
        return function(tensor, **arguments)
    except RuntimeError:  # few kernels compute with integers
        if tensor.is_floating_point():
            raise
        return function(to_float(tensor), **arguments)
