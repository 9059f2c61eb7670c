"""Activations."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def pair_swish(x: Tensor, beta: float = 1.0) -> Tensor:
    """Swish, computed on a flat view of the memory.

    Args:
        x: Values of any shape.
        beta: Steepness, > 0.
    """
    flat = x.as_strided((x.numel(),), (1,), x.storage_offset())
    return (flat * torch.sigmoid(beta * flat)).reshape(x.shape)


class _Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, beta: float) -> Tensor:
        gate = torch.sigmoid(beta * x)
        ctx.slope = gate * (1 + beta * x * (1 - gate))
        return x * gate

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return gradient * ctx.slope, None


def lean_swish(x: Tensor, beta: float = 1.0) -> Tensor:
    """Swish that keeps its slope in place of its inputs.

    Args:
        x: Values of any shape.
        beta: Steepness, > 0.
    """
    return _Swish.apply(x, beta)


def cubic_tanh(x: Tensor, cubic: float = 0.044715) -> Tensor:
    """Tanh of a cubic polynomial, times x: an approximation of GELU.

    Args:
        x: Values of any shape.
        cubic: Factor of x³.
    """
    inner = 0.7978845608 * (x + cubic * x.pow(3))
    power = (2 * inner).exp()
    return 0.5 * x * (2 - 2 / (1 + power))


def soft_exponential(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential below 0 and linear above: ``α (exp(x) − 1)``, and x.

    Args:
        x: Values of any shape.
        alpha: The negative limit, > 0.
    """
    zero = torch.zeros_like(x)
    return torch.where(x > 0, x, zero) + torch.where(x < 0, alpha * x.clamp(max=0).expm1(), zero)


def wide_sigmoid(x: Tensor, width: float = 2.0) -> Tensor:
    """Sigmoid of ``x / width``, in float32 for accuracy.

    Args:
        x: Values of any shape.
        width: Width, > 0.
    """
    scale = torch.full(x.shape[-1:], width, device=x.device)
    return torch.sigmoid(x / scale)
