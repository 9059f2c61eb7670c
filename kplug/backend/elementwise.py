"""Element-wise functions and comparisons."""
# ruff: noqa: A001 - Keras's names: code written for it calls K.abs, K.pow, K.round

from __future__ import annotations

import torch

from kplug.backend.convert import TensorLike, to_float, to_pair, to_tensor
from kplug.backend.dtypes import DTypeLike, to_dtype


def abs(x: TensorLike) -> torch.Tensor:
    """Return |x|."""
    return torch.abs(to_tensor(x))


def square(x: TensorLike) -> torch.Tensor:
    """Return x²."""
    return torch.square(to_tensor(x))


def sqrt(x: TensorLike) -> torch.Tensor:
    """Return √max(x, 0): a negative number gives 0, as in Keras 2, where torch gives NaN."""
    return torch.sqrt(torch.clamp(to_float(x), min=0.0))


def exp(x: TensorLike) -> torch.Tensor:
    """Return eˣ."""
    return torch.exp(to_float(x))


def log(x: TensorLike) -> torch.Tensor:
    """Return ln x; nothing is clipped, so 0 gives −∞."""
    return torch.log(to_float(x))


def pow(x: TensorLike, a: TensorLike) -> torch.Tensor:
    """Return xᵃ."""
    return torch.pow(to_tensor(x), a if isinstance(a, (int, float)) else to_tensor(a))


def sign(x: TensorLike) -> torch.Tensor:
    """Return −1, 0 or 1."""
    return torch.sign(to_tensor(x))


def round(x: TensorLike) -> torch.Tensor:
    """Return the nearest whole number, halves to the even one. The gradient is 0 everywhere."""
    return torch.round(to_tensor(x))


def sin(x: TensorLike) -> torch.Tensor:
    """Return the sine, x in radians."""
    return torch.sin(to_float(x))


def cos(x: TensorLike) -> torch.Tensor:
    """Return the cosine, x in radians."""
    return torch.cos(to_float(x))


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


def maximum(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return the larger of both, element by element; either may be a number.

    Example:
        >>> maximum([-1.0, 2.0], 0.0)
        tensor([0., 2.])
    """
    return torch.maximum(*to_pair(x, y))


def minimum(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return the smaller of both, element by element; either may be a number."""
    return torch.minimum(*to_pair(x, y))


def equal(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x = y as booleans; there is no gradient."""
    return torch.eq(*to_pair(x, y))


def not_equal(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x ≠ y as booleans; there is no gradient."""
    return torch.ne(*to_pair(x, y))


def greater(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x > y as booleans; there is no gradient."""
    return torch.gt(*to_pair(x, y))


def greater_equal(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x ≥ y as booleans; there is no gradient."""
    return torch.ge(*to_pair(x, y))


def less(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x < y as booleans; there is no gradient."""
    return torch.lt(*to_pair(x, y))


def less_equal(x: TensorLike, y: TensorLike) -> torch.Tensor:
    """Return x ≤ y as booleans; there is no gradient."""
    return torch.le(*to_pair(x, y))


def cast(x: TensorLike, dtype: DTypeLike) -> torch.Tensor:
    """Return ``x`` with another number type.

    Example:
        >>> cast([0.0, 2.5], "bool")
        tensor([False,  True])
    """
    return to_tensor(x).to(to_dtype(dtype))
