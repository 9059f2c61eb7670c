"""The layer that stands for an operator between symbolic tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, final

import torch

from kplug.arguments import is_number, require_choice
from kplug.backend import auto_name
from kplug.errors import GraphError
from kplug.graph import SymbolicTensor, is_symbolic
from kplug.graph.operators import Operators
from kplug.layers.base.layer import Layer
from kplug.registry.quoting import name_type

# By the names of Keras 3's functions.
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "true_divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "mod": operator.mod,
    "power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "absolute": operator.abs,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_not": torch.logical_not,
    "get_item": lambda inputs, key: inputs[tuple(key) if isinstance(key, list) else key],
}


@final
class TensorOperation(Layer):
    """Outputs operation(inputs, other); ``x + y`` on symbolic tensors makes one.

    Args:
        operation: Name of the operation, such as ``"multiply"`` or ``"get_item"``.
        name: Made from the operation if it is left out.

    Example:
        >>> import torch
        >>> from kplug.layers import Input
        >>> from kplug.models import Model
        >>> inputs = Input((2,))
        >>> Model(inputs, 2 * inputs[:, 1])(torch.tensor([[1.0, 3.0]]))
        tensor([6.])

    Reference:
        Operators on ``keras.KerasTensor``; Keras counts its operations as no layers, and casts no
        inputs either.
    """

    def __init__(self, operation: str, name: str | None = None, **kwargs: Any) -> None:
        operation = require_choice("TensorOperation", "operation", operation, _FUNCTIONS.keys())
        super().__init__(name=auto_name(operation) if name is None else name, **kwargs)
        self.operation = operation

    def call(self, inputs: Any, *others: Any) -> Any:
        """Return the result.

        Args:
            inputs: The left operand: a tensor or a number.
            others: The right one, or the key of ``get_item``.
        """
        return _FUNCTIONS[self.operation](inputs, *others)

    def _convert(self, inputs: Any) -> Any:
        return inputs


def connect_operation(operation: str, args: tuple[Any, ...]) -> Any:
    """Return the symbolic result of an operator.

    Args:
        operation: Its name.
        args: Its operands; one at least is symbolic.

    Raises:
        GraphError: An operand is neither symbolic nor a number, or a key is no part of a tensor.
    """
    if operation == "get_item":
        _check_key(args[1])
    else:
        args = tuple(_check_operand(operation, value) for value in args)
    return TensorOperation(operation)(*args)


def _check_operand(operation: str, value: Any) -> Any:
    if isinstance(value, (SymbolicTensor, bool)):
        return value
    if is_number(value):
        return value.item() if hasattr(value, "item") else value
    raise GraphError(
        f"{operation!r} of a symbolic tensor and {name_type(value)} is not possible: "
        "operands are symbolic tensors and numbers",
        hint="Give values that differ from sample to sample through an Input, others by a layer.",
    )


def _check_key(key: Any) -> None:
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        bounds = (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
        if is_symbolic(part) or not all(_is_bound(bound) for bound in bounds):
            raise GraphError(
                f"a symbolic tensor cannot be indexed by {part!r}",
                hint="Integers, slices of integers, None and … are possible.",
            )


def _is_bound(value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value is None or is_integer or isinstance(value, EllipsisType)


Operators._connect = staticmethod(connect_operation)  # type: ignore[method-assign]
