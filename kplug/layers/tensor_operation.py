"""``TensorOperation``: the graph node of an operator or a ``kplug.ops`` function."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from types import EllipsisType
from typing import Any, final

import numpy as np
from torch import Tensor

from kplug.backend import auto_name, cast_to_floatx, get_value
from kplug.components.arguments import is_number
from kplug.errors import ArgumentValueError, GraphError, KplugError
from kplug.graph import Node, Shape, SymbolicTensor, TensorSpec, is_symbolic
from kplug.graph.operators import calls_layers_for
from kplug.layers.base.layer import Layer
from kplug.layers.base.operation_shapes import (
    ONLY_LARGE,
    WITH_VALUES,
    WITHOUT_MEMORY,
    infer_by_fitting,
)
from kplug.layers.base.shape_inference import infer_by_running, infer_from_values
from kplug.ops.table import BROADCASTING, OF_VALUES, OPERATIONS
from kplug.registry import keras_class
from kplug.registry.quoting import name_type
from kplug.registry.suggestions import find_most_alike
from kplug.support.nested import find_leaves, map_leaves


class _OutputPlace:
    """Placeholder of a tensor in a function's nested result."""


_OUTPUT_PLACE = _OutputPlace()


@keras_class(None)
@final
class TensorOperation(Layer):
    """Outputs operation(inputs, other); ``x + y`` on symbolic tensors makes one.

    Args:
        operation: Name of a function of ``kplug.ops``, such as ``"multiply"`` or ``"get_item"``.
        name: Derived from the operation if omitted.

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
        own = operation.rpartition(".")[-1]
        super().__init__(name=auto_name(own) if name is None else name, **kwargs)
        self.operation = operation
        self._form: Any = _OUTPUT_PLACE

    def find_output_activation(self) -> str:
        """Return the name of the function, without its module."""
        return self.operation.rpartition(".")[-1]

    def call(self, inputs: Any, *others: Any, **arguments: Any) -> Any:
        """Return the result.

        Args:
            inputs: The left operand, a tensor or a number; or the function's first argument.
            others: The right operand, or the key of ``get_item``; or the function's next arguments.
            arguments: Its keyword arguments.
        """
        made = OPERATIONS[self.operation](inputs, *others, **arguments)
        if isinstance(made, Tensor):
            return made
        self._form = map_leaves(made, Tensor, lambda _: _OUTPUT_PLACE)
        return list(find_leaves(made, Tensor))

    def infer_specs(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[TensorSpec, ...]:
        """Return shapes and types of the outputs; unknown sizes are chosen to fit the others."""
        if self.operation in BROADCASTING:
            shapes = [spec.shape for spec in find_leaves((args, kwargs), TensorSpec)]
            args, kwargs = map_leaves(
                (args, dict(kwargs)), TensorSpec, lambda spec: _fit(spec, shapes)
            )
        run, numbers, label = infer_by_running, WITHOUT_MEMORY, f"layer {self.name!r}"
        if self.operation.endswith("split"):
            numbers = ONLY_LARGE
        elif self._depends_on_values(args, kwargs):
            run, numbers = infer_from_values, WITH_VALUES
        return infer_by_fitting(
            lambda args, kwargs, trials: run(self, args, kwargs, label, trials),
            args,
            kwargs,
            numbers,
        )

    def _depends_on_values(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        if self.operation == "where":
            return len(args) + len(kwargs) == 1
        if self.operation == "slice":
            starts, shape = (*args[1:], *kwargs.values())
            return isinstance(starts, TensorSpec) and -1 in shape
        return self.operation in OF_VALUES

    def _connect(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        try:
            known = map_leaves((args, dict(kwargs)), SymbolicTensor, lambda tensor: tensor.spec)
        except (
            KplugError
        ):  # a preceding layer failed, which is reported when its outputs are needed
            return super()._connect(args, kwargs)
        specs = self.infer_specs(*known)
        outputs = iter(Node(self, args, kwargs, len(specs), specs).output_tensors)
        return map_leaves(self._form, _OutputPlace, lambda _: next(outputs))

    def convert_inputs(self, inputs: Any) -> Any:
        """Return the inputs as they are."""
        return inputs


def _fit(spec: TensorSpec, shapes: Iterable[Shape]) -> TensorSpec:
    """Fill a spec's unknown sizes from the other shapes."""
    sizes = list(spec.shape)
    for shape in shapes:
        for axis in range(-min(len(sizes), len(shape)), 0):
            if sizes[axis] is None and shape[axis] != 1:
                sizes[axis] = shape[axis]
    return TensorSpec(tuple(sizes), spec.dtype)


@calls_layers_for("operations")
def connect_operation(
    operation: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> Any:
    """Return the symbolic result of an operator, or of a function of ``kplug.ops``.

    Args:
        operation: Its name.
        args: Its operands, at least one of them symbolic.
        kwargs: Keyword arguments of a function; operators have none.

    Raises:
        GraphError: An operand is neither symbolic nor a number or an array, or a key is invalid.
    """
    if kwargs is not None:
        return _connect_function(operation, args, kwargs)
    if operation == "get_item":
        args = args[0], _read_key(args[1])
    else:
        args = tuple(_check_operand(operation, value) for value in args)
    return TensorOperation(operation)(*args)


def _connect_function(operation: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    if not args:  # a layer's call needs a positional argument
        first = next(iter(inspect.signature(OPERATIONS[operation]).parameters))
        if first not in kwargs:
            raise GraphError(f"kplug.ops.{operation} needs the argument {first!r}")
        args, kwargs = (kwargs[first],), {name: kwargs[name] for name in kwargs if name != first}
    return TensorOperation(operation)(*args, **kwargs)


def _check_operand(operation: str, value: Any) -> Any:
    if isinstance(value, (SymbolicTensor, bool)):
        return value
    if is_number(value):
        return value.item() if hasattr(value, "item") else value
    if isinstance(value, np.ndarray):
        array = get_value(value)  # a copy, of floatx() as in Keras
        return cast_to_floatx(array) if array.dtype.kind == "f" else array
    raise GraphError(
        f"{operation!r} of a symbolic tensor and {name_type(value)} is not possible: "
        "operands are symbolic tensors, numbers and arrays",
        hint="Give values that differ from sample to sample through an Input, others by a layer.",
    )


def _read_key(key: Any) -> Any:
    """Replace NumPy's integers in a key, such as the result of ``argmax``, by Python's."""
    if isinstance(key, tuple):
        return tuple(map(_read_part, key))
    return _read_part(key)


def _read_part(part: Any) -> Any:
    bounds = (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
    if is_symbolic(part) or not all(map(_is_bound, bounds)):
        raise GraphError(
            f"a symbolic tensor cannot be indexed by {part!r}",
            hint="Integers, slices of integers, None and … are possible.",
        )
    read = [int(bound) if isinstance(bound, np.integer) else bound for bound in bounds]
    return slice(*read) if isinstance(part, slice) else read[0]


def _is_bound(value: Any) -> bool:
    is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return value is None or is_integer or isinstance(value, EllipsisType)
