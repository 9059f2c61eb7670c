"""Activations along an axis: softmax and its relatives, and the gated linear unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.activations.operands import apply
from kplug.backend import TensorLike

Axes: TypeAlias = "int | Sequence[int]"


def softmax(x: TensorLike, axis: Axes = -1) -> Tensor:
    """``exp(x) / Σ exp(x)`` along an axis: positive values that sum to 1.

    Args:
        x: Any shape of at least one dimension, floating.
        axis: The axis of the classes; several axes are taken together.

    Example:
        >>> softmax(torch.tensor([[0.0, 0.0]]))
        tensor([[0.5000, 0.5000]])

    Reference:
        Keras 3's; Keras 2 refuses a vector.
    """
    if not isinstance(x, Tensor):
        return apply(softmax, x, axis=axis)
    return _along(F.softmax, x, axis)


def log_softmax(x: TensorLike, axis: Axes = -1) -> Tensor:
    """Logarithm of the softmax, ``x − log Σ exp(x)``, without overflow.

    Args:
        x: Any shape of at least one dimension, floating.
        axis: The axis of the classes; several axes are taken together.

    Example:
        >>> log_softmax(torch.tensor([[0.0, 0.0]]))
        tensor([[-0.6931, -0.6931]])

    Reference:
        ``keras.activations.log_softmax``; ``torch.log_softmax`` takes one axis.
    """
    if not isinstance(x, Tensor):
        return apply(log_softmax, x, axis=axis)
    return _along(F.log_softmax, x, axis)


def sparsemax(x: TensorLike, axis: int = -1) -> Tensor:
    """``max(x − τ, 0)`` along an axis, with the τ that makes the values sum to 1.

    The nearest point of the probability simplex: like softmax, with exact zeros.

    Args:
        x: Any shape of at least one dimension, floating.
        axis: The axis of the classes.

    Example:
        >>> sparsemax(torch.tensor([[0.5, 0.1, -1.0]]))
        tensor([[0.7000, 0.3000, 0.0000]])

    Reference:
        Martins & Astudillo, 2016, "From softmax to sparsemax". Keras 3.15's values do not sum to
        1 where more than one is positive ([0.5, 0.1, -1] gives [0.45, 0.05, 0]); these do.
    """
    if not isinstance(x, Tensor):
        return apply(sparsemax, x, axis=axis)
    last = x.movedim(axis, -1)
    descending = last.sort(dim=-1, descending=True).values
    excess = descending.cumsum(dim=-1) - 1.0
    counts = torch.arange(1, last.shape[-1] + 1, device=x.device, dtype=x.dtype)
    # The count is 0 with NaN or infinity: the result is NaN then.
    support = (counts * descending > excess).sum(dim=-1, keepdim=True).clamp(min=1)
    tau = excess.gather(-1, support - 1) / support
    return (last - tau).clamp(min=0.0).movedim(-1, axis)


def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """Gated linear unit: the first half of an axis times the sigmoid of the second.

    Args:
        x: Any shape whose ``axis`` is even, floating.
        axis: The axis that is halved.

    Returns:
        A tensor of the shape of ``x``, with half the size along ``axis``.

    Example:
        >>> glu(torch.tensor([[2.0, 0.0]]))
        tensor([[1.]])

    Reference:
        Dauphin et al., 2017.
    """
    if not isinstance(x, Tensor):
        return apply(glu, x, axis=axis)
    return F.glu(x, dim=axis)


def _along(function: Callable[..., Tensor], x: Tensor, axis: Axes) -> Tensor:
    """Apply a single-axis function to several axes jointly."""
    if isinstance(axis, int):
        return function(x, dim=axis)
    ends = tuple(range(-len(axis), 0))
    last = x.movedim(tuple(axis), ends)
    together = function(last.flatten(-len(axis)), dim=-1)
    return together.reshape(last.shape).movedim(ends, tuple(axis))
