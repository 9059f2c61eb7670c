"""Inspects the signature of a layer class's ``call``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

# The class, and its name as `from __future__ import annotations` stores it.
_TENSOR: tuple[object, ...] = (Tensor, "Tensor", "torch.Tensor")


def name_arguments(call: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a ``call``'s arguments after ``self``."""
    return tuple(inspect.signature(call).parameters)[1:]


def takes_mask(names: Sequence[str]) -> bool:
    """Return whether a mask is among the arguments of a ``call``."""
    return any(name == "mask" or f"{name}_mask" in names for name in names)


def takes_one_tensor(call: Callable[..., Any]) -> bool:
    """Return whether the first argument after ``self`` is annotated as one tensor.

    Example:
        >>> def call(self, inputs: Tensor) -> Tensor: ...
        >>> takes_one_tensor(call)
        True
    """
    parameters = list(inspect.signature(call).parameters.values())
    return len(parameters) > 1 and parameters[1].annotation in _TENSOR
