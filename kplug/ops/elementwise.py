"""Element-wise functions, comparisons and logic, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from kplug.backend import DTypeLike, TensorLike, elementwise, to_dtype
from kplug.backend.functions import BINARY_FUNCTIONS, FLOAT_FUNCTIONS, FUNCTIONS
from kplug.errors import DataError
from kplug.ops.operands import (
    Function,
    of_float,
    of_one,
    of_two,
    of_two_floats,
    to_one_type,
    to_operand,
    to_operands,
)


def _where(
    condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None
) -> Any:
    if (x1 is None) != (x2 is None):
        raise DataError("where takes a condition, or a condition and both values")
    if x1 is None or x2 is None:
        return torch.where(to_operand(condition).bool())
    condition = to_operand(condition).bool()
    first, second = to_operands(x1, x2)
    return torch.where(condition.to(first.device), first, second)


def _isclose(
    x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> torch.Tensor:
    first, second = to_operands(x1, x2)
    dtype = torch.promote_types(first.dtype, second.dtype)
    return torch.isclose(first.to(dtype), second.to(dtype), rtol, atol, equal_nan)


def _clip(x: TensorLike, x_min: Any, x_max: Any) -> torch.Tensor:
    x = to_operand(x)
    return elementwise.clip(x.int() if x.dtype is torch.bool else x, x_min, x_max)


def _nan_to_num(
    x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> torch.Tensor:
    return torch.nan_to_num(to_operand(x), nan, posinf, neginf)


def _divide_no_nan(x1: TensorLike, x2: TensorLike) -> torch.Tensor:
    first, second = to_operands(x1, x2)
    is_zero = second == 0
    return torch.where(is_zero, 0, first / torch.where(is_zero, 1, second))


def _saturate_cast(x: TensorLike, dtype: DTypeLike) -> torch.Tensor:
    x, target = to_operand(x), to_dtype(dtype)
    if target is torch.bool or x.dtype is torch.bool or target.is_complex:
        return x.to(target)
    bounds = torch.finfo(target) if target.is_floating_point else torch.iinfo(target)
    own = torch.finfo(x.dtype) if x.is_floating_point() else torch.iinfo(x.dtype)
    x = x.clamp(max(bounds.min, own.min), min(bounds.max, own.max))
    return x.to(target)


def _select(
    condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0
) -> torch.Tensor:
    *choices, result = to_one_type(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        result = torch.where(to_operand(condition).bool().to(choice.device), choice, result)
    return result


def _isin(
    x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False
) -> torch.Tensor:
    first, second = to_one_type(x1, x2)
    if first.dtype is torch.bool:
        first, second = first.int(), second.int()
    return torch.isin(first, second, assume_unique=assume_unique, invert=invert)


def _view(x: TensorLike, dtype: DTypeLike = None) -> torch.Tensor:
    return to_operand(x).view(to_dtype(dtype))


_BIT_FUNCTIONS: dict[str, Function] = {
    "bitwise_and": torch.bitwise_and,
    "bitwise_left_shift": torch.bitwise_left_shift,
    "bitwise_or": torch.bitwise_or,
    "bitwise_right_shift": torch.bitwise_right_shift,
    "bitwise_xor": torch.bitwise_xor,
    "left_shift": torch.bitwise_left_shift,
    "right_shift": torch.bitwise_right_shift,
}
_FLOAT_BINARY_FUNCTIONS = {
    "arctan2": torch.arctan2,
    "heaviside": torch.heaviside,
    "hypot": torch.hypot,
    "ldexp": lambda x1, x2: x1 * torch.exp2(x2),
    "logaddexp": torch.logaddexp,
    "logaddexp2": torch.logaddexp2,
    "nextafter": torch.nextafter,
}


def _of_bits(function: Function) -> Function:
    return lambda x, y: function(*to_operands(x, y))


def _allclose(x1: TensorLike, x2: TensorLike, *tolerances: Any, **named: Any) -> torch.Tensor:
    return _isclose(x1, x2, *tolerances, **named).all()


ELEMENTWISE: Mapping[str, Function] = {
    **{name: of_float(function) for name, function in FLOAT_FUNCTIONS.items()},
    **{name: of_one(function) for name, function in FUNCTIONS.items()},
    **{name: of_two(function) for name, function in BINARY_FUNCTIONS.items()},
    **{name: _of_bits(function) for name, function in _BIT_FUNCTIONS.items()},
    **{name: of_two_floats(function) for name, function in _FLOAT_BINARY_FUNCTIONS.items()},
    "allclose": _allclose,
    "cast": elementwise.cast,
    "clip": _clip,
    "divide_no_nan": _divide_no_nan,
    "isclose": _isclose,
    "isin": _isin,
    "nan_to_num": _nan_to_num,
    "saturate_cast": _saturate_cast,
    "select": _select,
    "view": _view,
    "where": _where,
}
