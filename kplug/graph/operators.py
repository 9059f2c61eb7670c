"""Python's operators on symbolic tensors: ``x + y``, ``2 * x``, ``x[:, 0]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar

Maker = TypeVar("Maker", bound=Callable[..., Any])
Unary: TypeAlias = Callable[[Any], Any]
Binary: TypeAlias = Callable[[Any, Any], Any]


# Functions that call a new layer on symbolic tensors. The graph knows layers by their interface alone.
_MAKERS: dict[str, Callable[..., Any]] = {}


def calls_layers_for(what: Literal["operations", "activations"]) -> Callable[[Maker], Maker]:
    """Register a function that calls a new layer on symbolic tensors; the last one registered is used.

    Args:
        what: ``operations``, for a function ``(operation, args, kwargs)`` such as `connect`; or
            ``activations``, for ``(tensor, name, arguments)`` such as `Operators.activate`.

    Example:
        >>> from kplug.layers import Input
        >>> (2 * Input((3,))).layer.operation
        'multiply'
    """

    def register(function: Maker) -> Maker:
        _MAKERS[what] = function
        return function

    return register


def connect(operation: str, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return the result of a new operation.

    Args:
        operation: Name of a function of ``kplug.ops``.
        args: Its operands, at least one of them symbolic.
        kwargs: Keyword arguments of a function; operators have none.
    """
    return _MAKERS["operations"](operation, args, kwargs)


def _unary(operation: str) -> Unary:
    return lambda tensor: connect(operation, (tensor,))


def _binary(operation: str) -> Binary:
    return lambda tensor, other: connect(operation, (tensor, other))


def _reflected(operation: str) -> Binary:
    """Return the operator for a symbolic tensor on the right, as in ``2 * x``."""
    return lambda tensor, other: connect(operation, (other, tensor))


class Operators:
    """Operators that add an operation to the graph, which runs with the model.

    ``==`` and ``!=`` compare identity, so that symbolic tensors can be keys of dicts.
    """

    __slots__ = ()

    # NumPy defers to the symbolic operand.
    __array_priority__ = 1000

    @staticmethod
    def activate(tensor: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        """Return the result of a new activation layer.

        Args:
            tensor: A symbolic tensor.
            name: The name of a built-in activation.
            arguments: Its arguments besides the tensor.
        """
        return _MAKERS["activations"](tensor, name, arguments)

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("true_divide"), _reflected("true_divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("mod"), _reflected("mod")
    __pow__, __rpow__ = _binary("power"), _reflected("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __and__, __or__ = _binary("logical_and"), _binary("logical_or")
    __neg__, __abs__, __invert__ = _unary("negative"), _unary("absolute"), _unary("logical_not")
    __getitem__ = _binary("get_item")
