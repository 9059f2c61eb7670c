"""The recipe of initializers: values of several shapes, and moments of large ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug_numbers.recipes.recorder import Recorder

_SHAPES = {"bias": (3,), "kernel": (4, 3), "square": (4, 4), "convolution": (3, 3, 4, 2)}
_LARGE = {"large_kernel": (48, 32), "large_convolution": (3, 3, 8, 16)}


def record_initializer(out: Recorder) -> None:
    """Record an initializer, which draws from torch's generator after a fixed seed."""
    for name, shape in _SHAPES.items():
        for label, dtype in (("float32", torch.float32), ("float64", torch.float64)):
            out.attempt(f"{name}/{label}", _draw, out, shape, dtype)
    for name, shape in _LARGE.items():
        out.attempt(name, _find_moments, out, shape)
    out.attempt("empty", _draw, out, (0, 3), torch.float32)


def _draw(out: Recorder, shape: tuple[int, ...], dtype: torch.dtype) -> dict[str, Any]:
    return {"value": out.make()(shape, dtype=dtype)}


def _find_moments(out: Recorder, shape: tuple[int, ...]) -> dict[str, Any]:
    value: Tensor = out.make()(shape, dtype=torch.float64)
    return {
        "mean": value.mean(),
        "deviation": value.std(),
        "least": value.min(),
        "most": value.max(),
    }
