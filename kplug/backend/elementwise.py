"""Element-wise functions and comparisons."""
# ruff: noqa: A001 - Keras's names: code written for it calls K.abs, K.pow, K.round

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch

from kplug.backend.convert import TensorLike, to_float, to_pair, to_tensor
from kplug.backend.dtypes import DTypeLike, to_dtype
from kplug.backend.functions import BINARY_FUNCTIONS, FLOAT_FUNCTIONS, FUNCTIONS


class UnaryFunction(Protocol):
    """A function of one tensor."""

    def __call__(self, x: TensorLike) -> torch.Tensor:
        """Compute it."""


class BinaryFunction(Protocol):
    """A function of two tensors, of which either may be a number."""

    def __call__(self, x: TensorLike, y: TensorLike) -> torch.Tensor:
        """Compute it."""


def of_one(
    function: Callable[..., torch.Tensor], summary: str, of_floats: bool = False
) -> UnaryFunction:
    """Return K's form of a plain function of one tensor, or of one tensor of a float type."""
    convert = to_float if of_floats else to_tensor

    def compute(x: TensorLike) -> torch.Tensor:
        if not isinstance(x, torch.Tensor) or (of_floats and not x.is_floating_point()):
            x = convert(x)
        return function(x)

    compute.__doc__ = f"Return {summary}."
    return compute


def _of_two(name: str, summary: str) -> BinaryFunction:
    function: Callable[..., torch.Tensor] = BINARY_FUNCTIONS[name]

    def compute(x: TensorLike, y: TensorLike) -> torch.Tensor:
        return function(*to_pair(x, y))

    compute.__doc__ = f"Return {summary}."
    return compute


abs = of_one(FUNCTIONS["abs"], "|x|")
square = of_one(FUNCTIONS["square"], "x²")
sign = of_one(FUNCTIONS["sign"], "-1, 0 or 1")
round = of_one(FUNCTIONS["round"], "the nearest whole number, halves to even; the gradient is 0")
exp = of_one(FLOAT_FUNCTIONS["exp"], "eˣ", of_floats=True)
log = of_one(FLOAT_FUNCTIONS["log"], "ln x; nothing is clipped, so 0 gives -∞", of_floats=True)
sin = of_one(FLOAT_FUNCTIONS["sin"], "the sine, x in radians", of_floats=True)
cos = of_one(FLOAT_FUNCTIONS["cos"], "the cosine, x in radians", of_floats=True)

maximum = _of_two("maximum", "the larger of both, element by element; either may be a number")
minimum = _of_two("minimum", "the smaller of both, element by element; either may be a number")
equal = _of_two("equal", "x = y as booleans; there is no gradient")
not_equal = _of_two("not_equal", "x ≠ y as booleans; there is no gradient")
greater = _of_two("greater", "x > y as booleans; there is no gradient")
greater_equal = _of_two("greater_equal", "x ≥ y as booleans; there is no gradient")
less = _of_two("less", "x < y as booleans; there is no gradient")
less_equal = _of_two("less_equal", "x ≤ y as booleans; there is no gradient")


def sqrt(x: TensorLike) -> torch.Tensor:
    """Return √max(x, 0): a negative number gives 0, as in Keras 2, where torch gives NaN."""
    return torch.sqrt(torch.clamp(to_float(x), min=0.0))


def pow(x: TensorLike, a: TensorLike) -> torch.Tensor:
    """Return xᵃ."""
    return torch.pow(to_tensor(x), a if isinstance(a, (int, float)) else to_tensor(a))


def clip(
    x: TensorLike, min_value: float | torch.Tensor | None, max_value: float | torch.Tensor | None
) -> torch.Tensor:
    """Return ``x`` kept between two bounds; ``None`` is no bound.

    An upper bound below the lower one counts as the lower one.

    Example:
        >>> clip([-2.0, 0.5, 2.0], 0.0, 1.0)
        tensor([0.0000, 0.5000, 1.0000])
    """
    x = to_tensor(x)
    if min_value is None and max_value is None:
        return x
    are_numbers = isinstance(min_value, (int, float)) and isinstance(max_value, (int, float))
    if are_numbers and max_value < min_value:  # type: ignore[operator]
        max_value = min_value
    if isinstance(min_value, torch.Tensor) or isinstance(max_value, torch.Tensor):
        lower = None if min_value is None else to_pair(x, min_value)[1]
        upper = None if max_value is None else to_pair(x, max_value)[1]
        if lower is not None and upper is not None:
            upper = torch.maximum(lower, upper)
        return torch.clamp(x, lower, upper)
    return torch.clamp(x, min_value, max_value)


def cast(x: TensorLike, dtype: DTypeLike) -> torch.Tensor:
    """Return ``x`` with another number type.

    Example:
        >>> cast([0.0, 2.5], "bool")
        tensor([False,  True])
    """
    return to_tensor(x).to(to_dtype(dtype))
