"""Functions of each element, comparisons and logic, by their names in ``keras.ops``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug import backend as K
from kplug.backend import DTypeLike, TensorLike
from kplug.ops.operands import (
    Function,
    of_float,
    of_one,
    of_two,
    of_two_floats,
    to_operand,
    to_operands,
)


def _where(
    condition: TensorLike, x1: TensorLike | None = None, x2: TensorLike | None = None
) -> Any:
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
    return K.clip(x.int() if x.dtype is torch.bool else x, x_min, x_max)


def _nan_to_num(
    x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> torch.Tensor:
    return torch.nan_to_num(to_operand(x), nan, posinf, neginf)


def _divide_no_nan(x1: TensorLike, x2: TensorLike) -> torch.Tensor:
    first, second = to_operands(x1, x2)
    is_zero = second == 0
    return torch.where(is_zero, 0, first / torch.where(is_zero, 1, second))


def _round(x: TensorLike, decimals: int = 0) -> torch.Tensor:
    return torch.round(to_operand(x), decimals=decimals)


def _cast(x: TensorLike, dtype: DTypeLike) -> torch.Tensor:
    return K.cast(to_operand(x), dtype)


_FLOAT_FUNCTIONS = {
    "arccos": torch.arccos,
    "arccosh": torch.arccosh,
    "arcsin": torch.arcsin,
    "arcsinh": torch.arcsinh,
    "arctan": torch.arctan,
    "arctanh": torch.arctanh,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "deg2rad": torch.deg2rad,
    "erf": torch.erf,
    "erfinv": torch.erfinv,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "floor": torch.floor,
    "log": torch.log,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "rad2deg": torch.rad2deg,
    "reciprocal": torch.reciprocal,
    "rsqrt": torch.rsqrt,
    "sin": torch.sin,
    "sinc": torch.sinc,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "tan": torch.tan,
    "tanh": torch.tanh,
}
_FUNCTIONS = {
    "abs": torch.abs,
    "absolute": torch.abs,
    "angle": torch.angle,
    "bitwise_not": torch.bitwise_not,
    "conj": torch.conj,
    "conjugate": torch.conj,
    "copy": torch.clone,
    "isfinite": torch.isfinite,
    "isinf": torch.isinf,
    "isnan": torch.isnan,
    "logical_not": torch.logical_not,
    "negative": torch.neg,
    "real": torch.real,
    "sign": torch.sign,
    "signbit": torch.signbit,
    "square": torch.square,
    "stop_gradient": torch.Tensor.detach,
    "trunc": torch.trunc,
}
_BINARY_FUNCTIONS: dict[str, Function] = {
    "add": torch.add,
    "bitwise_and": torch.bitwise_and,
    "bitwise_or": torch.bitwise_or,
    "bitwise_xor": torch.bitwise_xor,
    "divide": torch.true_divide,
    "equal": torch.eq,
    "floor_divide": torch.floor_divide,
    "fmod": torch.fmod,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "logical_and": torch.logical_and,
    "logical_or": torch.logical_or,
    "logical_xor": torch.logical_xor,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": torch.remainder,
    "multiply": torch.mul,
    "not_equal": torch.ne,
    "power": torch.pow,
    "subtract": torch.sub,
    "true_divide": torch.true_divide,
}
_FLOAT_BINARY_FUNCTIONS = {
    "arctan2": torch.arctan2,
    "hypot": torch.hypot,
    "logaddexp": torch.logaddexp,
}

ELEMENTWISE: Mapping[str, Function] = {
    **{name: of_float(function) for name, function in _FLOAT_FUNCTIONS.items()},
    **{name: of_one(function) for name, function in _FUNCTIONS.items()},
    **{name: of_two(function) for name, function in _BINARY_FUNCTIONS.items()},
    **{name: of_two_floats(function) for name, function in _FLOAT_BINARY_FUNCTIONS.items()},
    "cast": _cast,
    "clip": _clip,
    "divide_no_nan": _divide_no_nan,
    "isclose": _isclose,
    "nan_to_num": _nan_to_num,
    "round": _round,
    "where": _where,
}
