"""Adapts functions, arrays and classes to `Initializer`, and checks the values that they return."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from kplug.backend import DTypeLike, to_dtype
from kplug.components.contracts import check_call, find_signature, instantiate
from kplug.errors import ContractError
from kplug.initializers.base import Initializer, ShapeLike, as_shape
from kplug.initializers.constant import Constant
from kplug.registry.building.reverse_lookup import name_of
from kplug.registry.quoting import quote

_CONTRACT = "An initializer is a callable (shape, dtype=None) that returns a tensor of that shape."


@final
class FunctionInitializer(Initializer):
    """A function in the place of an initializer.

    It is called with the shape and, if it takes ``dtype``, with the torch data type. What it
    returns (a tensor, a NumPy array, nested lists) is cast to the data type; its shape must be
    the one that was asked for.

    Args:
        function: ``(shape) -> values`` or ``(shape, dtype=None) -> values``.

    Raises:
        ContractError: for a function that cannot be called so; at the call, for values of
            another shape.

    Example:
        >>> FunctionInitializer(lambda shape: np.full(shape, 0.5))((2,))
        tensor([0.5000, 0.5000])
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._takes_dtype = _check_signature(function)
        self.function = function
        self.name = name_of(function)

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Return what the function makes for the shape."""
        sizes, target = as_shape(self, shape), to_dtype(dtype)
        keywords = {"dtype": target} if self._takes_dtype else {}
        return _check_values(self.function(sizes, **keywords), sizes, target, self.name)


def as_initializer(candidate: object) -> Initializer:
    """Return the initializer that an object stands for.

    Args:
        candidate: An initializer is kept; a class is called without arguments; a tensor or NumPy
            array becomes a `Constant`; another callable becomes a `FunctionInitializer`.

    Raises:
        ContractError: for anything else.

    Example:
        >>> as_initializer(torch.eye(2))((2, 2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    if isinstance(candidate, type):
        candidate = instantiate(candidate, "an initializer")
    if isinstance(candidate, Initializer):
        return candidate
    if isinstance(candidate, (Tensor, np.ndarray, np.generic)):
        return Constant(candidate)
    if callable(candidate):
        return FunctionInitializer(candidate)
    raise ContractError(f"{quote(candidate)} is not an initializer", hint=_CONTRACT)


def initial_values(initializer: Initializer, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
    """Call an initializer and check what it returns; what layers use to make a weight.

    A user's subclass of `Initializer` may return anything, and a tensor of a wrong shape would
    broadcast into the weight without an error.

    Args:
        initializer: The initializer.
        shape: Shape of the weight, in Keras's order.
        dtype: Data type of the weight; None means ``kplug.backend.floatx()``.

    Returns:
        A tensor of that shape and data type, without gradient.

    Raises:
        ContractError: if the initializer returns another shape, or no numbers.

    Example:
        >>> initial_values(Constant(1), (2,))
        tensor([1., 1.])
    """
    sizes, target = as_shape(initializer, shape), to_dtype(dtype)
    keywords = {"dtype": target} if _takes_dtype(type(initializer)) else {}
    values = initializer(sizes, **keywords)
    return _check_values(values, sizes, target, type(initializer).__name__)


@functools.cache
def _takes_dtype(owner: type[Initializer]) -> bool:
    """Tell whether a class's ``__call__`` takes a type; in Keras 2 code some take the shape alone."""
    return _has_dtype(inspect.signature(owner.__call__))


def _has_dtype(signature: inspect.Signature) -> bool:
    parameters = signature.parameters
    return "dtype" in parameters or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )


def _check_values(values: object, shape: tuple[int, ...], dtype: torch.dtype, name: str) -> Tensor:
    try:
        tensor = torch.as_tensor(values).detach().to(dtype)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ContractError(
            f"initializer {name!r} returned {type(values).__name__}, which is no tensor",
            hint=_CONTRACT,
        ) from error
    if tuple(tensor.shape) != shape:
        raise ContractError(
            f"initializer {name!r} returned shape {tuple(tensor.shape)} for a weight of "
            f"shape {shape}",
            hint="Make the values from the argument 'shape'.",
        )
    return tensor


def _check_signature(function: Callable[..., Any]) -> bool:
    """Refuse a function that cannot be called with a shape; return whether it takes ``dtype``."""
    signature = find_signature(function)
    if signature is None:
        return False
    parameters = signature.parameters
    if next(iter(parameters), "") == "tensor":
        name = name_of(function)
        raise ContractError(
            f"{name}({', '.join(parameters)}) fills a tensor in place",
            hint=f"{_CONTRACT} Wrap it: lambda shape, dtype=None: "
            f"{name}(torch.empty(shape, dtype=dtype)); torch reads shapes as (out, in, space…).",
        )
    takes_dtype = _has_dtype(signature)
    keywords = {"dtype": None} if takes_dtype else {}
    hint = f"{_CONTRACT} Bind further arguments with functools.partial."
    check_call(function, ((),), keywords, "an initializer", hint)
    return takes_dtype
