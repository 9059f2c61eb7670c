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
            out.attempt(
                f"{name}/{label}",
                lambda shape=shape, dtype=dtype: {"value": out.make()(shape, dtype=dtype)},
            )
    for name, shape in _LARGE.items():
        out.attempt(name, lambda shape=shape: _moments(out.make()(shape, dtype=torch.float64)))
    out.attempt("empty", lambda: {"value": out.make()((0, 3), dtype=torch.float32)})


def _moments(value: Tensor) -> dict[str, Any]:
    return {"mean": value.mean(), "deviation": value.std(), "least": value.min(), "most": value.max()}
