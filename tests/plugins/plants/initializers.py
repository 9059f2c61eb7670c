"""Initial values of weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.initializers import Initializer


def seeded_normal(
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    stddev: float = 0.05,
    seed: int | None = None,
) -> Tensor:
    """Draw from a normal distribution.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
        stddev: Standard deviation, > 0.
        seed: For the same values at each call.
    """
    if seed is not None:
        torch.manual_seed(seed)
    return torch.randn(shape, dtype=dtype) * stddev


def polite_uniform(
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    limit: float = 0.05,
    seed: int | None = None,
) -> Tensor:
    """Draw from a uniform distribution around 0.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
        limit: The largest absolute value, > 0.
        seed: For the same values at each call.
    """
    before = torch.initial_seed()
    if seed is not None:
        torch.manual_seed(seed)
    values = (2 * torch.rand(shape, dtype=dtype) - 1) * limit
    if seed is not None:
        torch.manual_seed(before)  # leaves torch's generator as it was
    return values


class ArrayNormal(Initializer):
    """Normal values that NumPy draws, the same on every device.

    Args:
        stddev: Standard deviation, > 0.
        seed: For the same values at each call.
    """

    def __init__(self, stddev: float = 0.05, seed: int | None = None) -> None:
        self.stddev, self.seed = stddev, seed

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        if self.seed is not None:
            np.random.seed(self.seed)
            values = np.random.normal(0.0, self.stddev, tuple(shape))
            return torch.as_tensor(values).to(to_dtype(dtype))
        return torch.randn(tuple(shape), dtype=to_dtype(dtype)) * self.stddev


class KeptGenerator(Initializer):
    """Uniform values from a generator of its own.

    Args:
        limit: The largest absolute value, > 0.
        seed: Seed of the generator; None draws one.
    """

    def __init__(self, limit: float = 0.05, seed: int | None = None) -> None:
        self.limit, self.seed = limit, seed

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Return the values."""
        drawn = int(torch.randint(2**31, ()))
        generator = torch.Generator().manual_seed(drawn if self.seed is None else self.seed)
        return (
            2 * torch.rand(tuple(shape), generator=generator, dtype=to_dtype(dtype)) - 1
        ) * self.limit


def forked_normal(
    shape: tuple[int, ...],
    dtype: torch.dtype | None = None,
    stddev: float = 0.05,
    seed: int | None = None,
) -> Tensor:
    """Draw from a normal distribution, with torch's generator put back afterwards.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
        stddev: Standard deviation, > 0.
        seed: For the same values at each call.
    """
    state = torch.get_rng_state()
    if seed is not None:
        torch.manual_seed(seed)
    try:
        return torch.randn(shape, dtype=dtype) * stddev
    finally:
        if seed is not None:
            torch.set_rng_state(state)
            torch.rand(())


# Fans


def channel_lecun(
    shape: tuple[int, ...], dtype: torch.dtype | None = None, gain: float = 1.0
) -> Tensor:
    """Draw with the variance ``gain / fan_in``, LeCun's rule.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
        gain: Factor of the variance, > 0.
    """
    fan_in = shape[-2] if len(shape) > 1 else shape[0]
    return torch.randn(shape, dtype=dtype) * math.sqrt(gain / max(fan_in, 1))


def leading_he(shape: tuple[int, ...], dtype: torch.dtype | None = None) -> Tensor:
    """Draw with the variance ``2 / fan_in``, He's rule.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
    """
    fan_in = shape[0]
    return torch.randn(shape, dtype=dtype) * math.sqrt(2 / max(fan_in, 1))


def half_glorot(shape: tuple[int, ...], dtype: torch.dtype | None = None) -> Tensor:
    """Draw uniformly with the limit ``√(6 / (fan_in + fan_out))``, Glorot's rule.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
    """
    fan_in = math.prod(shape[:-1])
    fan_out = shape[-1]
    limit = math.sqrt(6 / max(fan_in + fan_out, 1))
    return (2 * torch.rand(shape, dtype=dtype) - 1) * limit


def library_he(shape: tuple[int, ...], dtype: torch.dtype | None = None) -> Tensor:
    """Draw with the variance ``2 / fan_in``, as torch does.

    Args:
        shape: Shape of the weight.
        dtype: Its type.
    """
    if len(shape) < 3:
        return torch.randn(shape, dtype=dtype) * math.sqrt(2 / max(shape[0], 1))
    values = torch.empty(shape, dtype=dtype)
    return torch.nn.init.kaiming_normal_(values)


def scaled_orthogonal(
    shape: tuple[int, ...], dtype: torch.dtype | None = None, gain: float = 1.0
) -> Tensor:
    """Draw a matrix with orthonormal columns or rows, times a gain.

    Args:
        shape: Shape of the weight; the last axis counts the columns.
        dtype: Its type.
        gain: Factor, > 0.
    """
    if not math.prod(shape):
        return torch.zeros(shape, dtype=dtype)
    columns = shape[-1] if shape else 1
    rows = max(math.prod(shape) // max(columns, 1), 1)
    values = gain * torch.randn(max(rows, columns), min(rows, columns), dtype=torch.float64)
    q, r = torch.linalg.qr(values)
    q = q * r.diagonal().sign()
    return (q if rows >= columns else q.T).reshape(shape).to(dtype or torch.get_default_dtype())
