"""Dynamic sizes of symbolic tensors, such as ``K.shape(x)[0]``, known at run time.

``K.int_shape`` gives ``None`` for them. Layers need numbers, so a ``Size`` references its tensor, and the
layer that uses it reads the tensor's shape.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kplug import backend
from kplug.graph import SymbolicTensor
from kplug.support.nested import find_leaves, map_leaves
from kplug_keras2.symbolic.function_layer import FunctionLayer

# Functions from sizes to a number or a shape; others return tensors.
_OF_SIZES = (
    *("cast", "concatenate", "constant", "convert_to_tensor", "cumprod", "expand_dims", "gather"),
    *("max", "maximum", "min", "minimum", "prod", "slice", "squeeze", "stack", "sum"),
)
_OPERATORS = ("add", "floordiv", "mod", "mul", "pow", "sub", "truediv")


class Size:
    """A size that is known when the graph runs.

    Args:
        compute: Computes it from the shapes of the tensors.
        tensors: The tensors whose shapes it depends on.
    """

    def __init__(self, compute: Callable[..., Any], *tensors: SymbolicTensor) -> None:
        self.compute, self.tensors = compute, tensors

    def __neg__(self) -> Any:
        return apply(operator.neg, self)

    def __repr__(self) -> str:
        return f"<Size of {', '.join(tensor.name for tensor in self.tensors)}>"


def _make_operator(name: str, is_reflected: bool) -> Callable[..., Any]:
    compute: Callable[..., Any] = getattr(operator, name)

    def operate(self: Size, other: Any) -> Any:
        return apply(compute, *((other, self) if is_reflected else (self, other)))

    return operate


for _name in _OPERATORS:
    setattr(Size, f"__{_name}__", _make_operator(_name, is_reflected=False))
    setattr(Size, f"__r{_name}__", _make_operator(_name, is_reflected=True))


class Sizes(tuple[Any, ...]):
    """A shape with dynamic sizes; slices are shapes, and it supports arithmetic as in TensorFlow."""

    __slots__ = ()

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return Sizes(found) if isinstance(place, slice) else found

    def __mul__(self, factor: Any) -> Any:
        return Sizes(one * factor for one in self)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: Any) -> Any:
        return Sizes(one // divisor for one in self)


def shape(x: Any) -> Sizes:
    """Return the shape; dynamic sizes of a symbolic tensor are ``Size`` objects.

    Example:
        >>> from kplug.layers import Input
        >>> shape(Input((3,), name="pixels"))
        (<Size of pixels>, 3)
    """
    sizes = backend.int_shape(x)
    return Sizes(
        Size(operator.itemgetter(axis), x) if size is None else size
        for axis, size in enumerate(sizes)
    )


class _Place(NamedTuple):
    """Placeholder of a tensor or size in the arguments of a layer's function."""

    compute: Callable[..., Any] | None  # from shapes; None for the tensor itself
    places: tuple[int, ...]

    def read(self, tensors: Sequence[Tensor]) -> Any:
        found = [tensors[place] for place in self.places]
        return found[0] if self.compute is None else self.compute(*(one.shape for one in found))

    def of(self, shapes: Sequence[Any]) -> Any:
        """Compute the size from the tensors' shapes."""
        assert self.compute is not None  # noqa: S101 - of tensors alone
        return self.compute(*(shapes[place] for place in self.places))


class _SizedLayer(FunctionLayer):
    """A layer that calls a function with tensors, dynamic sizes and constants.

    Args:
        function: The function.
        given: Its positional and keyword arguments, with placeholders for the layer's inputs.
    """

    def __init__(self, function: Callable[..., Any], given: Any) -> None:
        super().__init__(function)
        self._given = given

    def call(self, inputs: Any, *others: Any, **named: Any) -> Any:
        """Return what the function returns."""
        del others, named
        args, kwargs = map_leaves(self._given, _Place, lambda one: one.read(inputs))
        return self.function(*args, **kwargs)


def has_sizes(given: Any) -> bool:
    """Return whether arguments contain a dynamic size."""
    return next(find_leaves(given, Size), None) is not None


def apply(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to arguments with dynamic sizes; return a size or a symbolic tensor."""
    given = args, kwargs
    sizes = list(find_leaves(given, Size))
    tensors = list(find_leaves(given, SymbolicTensor))
    sources = list(dict.fromkeys([*tensors, *(one for size in sizes for one in size.tensors)]))
    places = map_leaves(
        map_leaves(given, SymbolicTensor, lambda one: _Place(None, (sources.index(one),))),
        Size,
        lambda one: _Place(one.compute, tuple(map(sources.index, one.tensors))),
    )
    has_tensors = bool(tensors) or next(find_leaves(given, Tensor), None) is not None
    is_of_sizes = function.__module__ == "_operator" or function.__name__ in _OF_SIZES
    if has_tensors or not is_of_sizes:
        return _SizedLayer(function, places)(sources)
    return Size(functools.partial(_compute, function, places), *sources)


def _compute(function: Callable[..., Any], given: Any, *shapes: Any) -> Any:
    with torch.device("cpu"):  # also during shape inference on meta tensors
        args, kwargs = map_leaves(given, _Place, lambda one: one.of(shapes))
        found = function(*args, **kwargs)
    return found.tolist() if isinstance(found, (Tensor, np.ndarray)) else found


def as_tensor(value: Any) -> Any:
    """Convert a size to a symbolic tensor; return other values unchanged."""
    if isinstance(value, Size):
        return apply(size_tensor, value)
    return value


def size_tensor(value: Any) -> Tensor:
    """Return a size as a tensor."""
    return torch.as_tensor(value)


def taking_sizes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function to accept dynamic sizes."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        given = args, kwargs
        return apply(function, *args, **kwargs) if has_sizes(given) else function(*args, **kwargs)

    return called
