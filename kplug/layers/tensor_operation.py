"""The layer that stands for an operator or a function of ``kplug.ops`` between symbolic tensors."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any, final

from kplug.arguments import is_number
from kplug.backend import auto_name
from kplug.errors import ArgumentValueError, GraphError
from kplug.graph import Node, SymbolicTensor, is_symbolic
from kplug.graph.operators import Operators
from kplug.layers.base.layer import Layer
from kplug.nested import map_leaves
from kplug.ops.table import OPERATIONS, WITH_SEVERAL_OUTPUTS
from kplug.registry.quoting import name_type
from kplug.registry.suggestions import find_most_alike


@final
class TensorOperation(Layer):
    """Outputs operation(inputs, other); ``x + y`` on symbolic tensors makes one.

    Args:
        operation: Name of a function of ``kplug.ops``, such as ``"multiply"`` or ``"get_item"``.
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
        if operation not in OPERATIONS:
            alike = " or ".join(map(repr, find_most_alike(str(operation), OPERATIONS, 3)))
            allowed = f"the name of a function of kplug.ops, such as {alike}"
            raise ArgumentValueError("TensorOperation", "operation", operation, allowed)
        super().__init__(name=auto_name(operation) if name is None else name, **kwargs)
        self.operation = operation

    def call(self, inputs: Any, *others: Any, **arguments: Any) -> Any:
        """Return the result.

        Args:
            inputs: The left operand, a tensor or a number; what the function takes first.
            others: The right one, or the key of ``get_item``; what the function takes next.
            arguments: What it takes by name.
        """
        return OPERATIONS[self.operation](inputs, *others, **arguments)

    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if self.operation not in WITH_SEVERAL_OUTPUTS:
            return super()._connect(args, kwargs)
        known = map_leaves((args, dict(kwargs)), SymbolicTensor, lambda tensor: tensor.spec)
        specs = self.infer_specs(*known)
        return Node(self, args, kwargs, len(specs), specs).output_tensors

    def _convert(self, inputs: Any) -> Any:
        return inputs


def connect_operation(
    operation: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> Any:
    """Return the symbolic result of an operator, or of a function of ``kplug.ops``.

    Args:
        operation: Its name.
        args: Its operands; one at least is symbolic.
        kwargs: What a function is given by name; an operator has none.

    Raises:
        GraphError: An operand is neither symbolic nor a number, or a key is no part of a tensor.
    """
    if kwargs is not None:
        return _connect_function(operation, args, kwargs)
    if operation == "get_item":
        _check_key(args[1])
    else:
        args = tuple(_check_operand(operation, value) for value in args)
    return TensorOperation(operation)(*args)


def _connect_function(operation: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    if not args:  # a layer is called with something by position
        first, *rest = kwargs
        args, kwargs = (kwargs[first],), {name: kwargs[name] for name in rest}
    return TensorOperation(operation)(*args, **kwargs)


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
