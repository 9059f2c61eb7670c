"""Plain functions of tensors, by Keras 3's names.

``K`` and ``kplug.ops`` compute with them; each converts the arguments by the rules of its Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import torch

Function: TypeAlias = Callable[..., Any]


def _round(x: torch.Tensor, decimals: int = 0) -> torch.Tensor:
    if x.is_floating_point():
        return torch.round(x, decimals=decimals)
    return x if decimals >= 0 else torch.round(x.double(), decimals=decimals).to(x.dtype)


def _abs(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype is torch.bool else torch.abs(x)


def _trunc(x: torch.Tensor) -> torch.Tensor:
    return torch.trunc(x) if x.is_floating_point() else x


def _view_as_real(x: torch.Tensor) -> torch.Tensor:
    return torch.view_as_real(x if x.is_complex() else x + 0j)


def _square(x: torch.Tensor) -> torch.Tensor:
    return torch.square(x.int() if x.dtype is torch.bool else x)


def _imag(x: torch.Tensor) -> torch.Tensor:
    return x.imag if x.is_complex() else torch.zeros_like(x)


def _cbrt(x: torch.Tensor) -> torch.Tensor:
    return torch.sign(x) * x.abs() ** (1 / 3)


def _subtract(x1: torch.Tensor, x2: torch.Tensor) -> torch.Tensor:
    x1, x2 = (x.to(torch.promote_types(x1.dtype, x2.dtype)) for x in (x1, x2))
    return torch.logical_xor(x1, x2) if x1.dtype is torch.bool else torch.sub(x1, x2)


# Of one tensor of a float type.
FLOAT_FUNCTIONS: Mapping[str, Function] = {
    "arccos": torch.arccos,
    "arccosh": torch.arccosh,
    "arcsin": torch.arcsin,
    "arcsinh": torch.arcsinh,
    "arctan": torch.arctan,
    "arctanh": torch.arctanh,
    "cbrt": _cbrt,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "deg2rad": torch.deg2rad,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "erfinv": torch.erfinv,
    "exp": torch.exp,
    "exp2": torch.exp2,
    "expm1": torch.expm1,
    "fabs": torch.abs,
    "floor": torch.floor,
    "i0": torch.special.i0,
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

# Of one tensor.
FUNCTIONS: Mapping[str, Function] = {
    "abs": _abs,
    "absolute": _abs,
    "angle": torch.angle,
    "bitwise_invert": torch.bitwise_not,
    "bitwise_not": torch.bitwise_not,
    "conj": torch.conj_physical,
    "conjugate": torch.conj_physical,
    "copy": torch.clone,
    "imag": _imag,
    "isfinite": torch.isfinite,
    "isinf": torch.isinf,
    "isnan": torch.isnan,
    "isneginf": torch.isneginf,
    "isposinf": torch.isposinf,
    "isreal": torch.isreal,
    "logical_not": torch.logical_not,
    "negative": torch.neg,
    "real": torch.real,
    "round": _round,
    "sign": torch.sign,
    "signbit": torch.signbit,
    "square": _square,
    "stop_gradient": torch.Tensor.detach,
    "trunc": _trunc,
    "view_as_complex": torch.view_as_complex,
    "view_as_real": _view_as_real,
}

# Of two tensors.
BINARY_FUNCTIONS: Mapping[str, Function] = {
    "add": torch.add,
    "divide": torch.true_divide,
    "equal": torch.eq,
    "floor_divide": torch.floor_divide,
    "fmod": torch.fmod,
    "fmax": torch.fmax,
    "fmin": torch.fmin,
    "gcd": torch.gcd,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "lcm": torch.lcm,
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
    "subtract": _subtract,
    "true_divide": torch.true_divide,
}
