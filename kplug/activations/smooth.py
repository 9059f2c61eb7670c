"""Smooth relatives of the rectifier, and shrinking activations."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.activations.operands import apply
from kplug.backend import TensorLike
from kplug.registry import named


def exponential(x: TensorLike) -> Tensor:
    """``exp(x)``.

    Example:
        >>> exponential(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])

    Reference:
        ``keras.activations.exponential``.
    """
    if not isinstance(x, Tensor):
        return apply(exponential, x)
    return torch.exp(x)


def softplus(x: TensorLike) -> Tensor:
    """``log(exp(x) + 1)``, without overflow.

    Example:
        >>> softplus(torch.tensor([0.0, 100.0]))
        tensor([  0.6931, 100.0000])

    Reference:
        Dugas et al., 2001. Above 20 it is ``x``, as in ``torch.nn.Softplus``.
    """
    if not isinstance(x, Tensor):
        return apply(softplus, x)
    return F.softplus(x)


def squareplus(x: TensorLike, b: float = 4.0) -> Tensor:
    """``(x + √(x² + b)) / 2``: softplus without exponentials.

    Args:
        x: Any shape, floating.
        b: How round the corner is, >= 0.

    Example:
        >>> squareplus(torch.tensor([0.0, 3.0]), b=16.0)
        tensor([2., 4.])

    Reference:
        Barron, 2021.
    """
    if not isinstance(x, Tensor):
        return apply(squareplus, x, b=b)
    return (x + torch.sqrt(x.square() + b)) / 2.0


def sparse_plus(x: TensorLike) -> Tensor:
    """0 up to −1, ``(x + 1)² / 4`` up to 1, ``x`` above.

    Example:
        >>> sparse_plus(torch.tensor([-2.0, 0.0, 3.0]))
        tensor([0.0000, 0.2500, 3.0000])

    Reference:
        ``keras.activations.sparse_plus``. Its slope is ``sparse_sigmoid``.
    """
    if not isinstance(x, Tensor):
        return apply(sparse_plus, x)
    return torch.where(x < 1.0, (x + 1.0).clamp(min=0.0).square() / 4.0, x)


@named("silu", "swish")
def silu(x: TensorLike) -> Tensor:
    """``x · sigmoid(x)``, also called swish.

    Example:
        >>> silu(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7311])

    Reference:
        Ramachandran et al., 2017.
    """
    if not isinstance(x, Tensor):
        return apply(silu, x)
    return F.silu(x)


@named("hard_silu", "hard_swish")
def hard_silu(x: TensorLike) -> Tensor:
    """Straight-edged silu: ``x · clip(x / 6 + 0.5, 0, 1)``, also called hard swish.

    Example:
        >>> hard_silu(torch.tensor([1.0, 4.0]))
        tensor([0.6667, 4.0000])

    Reference:
        Howard et al., 2019.
    """
    if not isinstance(x, Tensor):
        return apply(hard_silu, x)
    return F.hardswish(x)


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """``x · Φ(x)`` with the standard normal distribution function Φ.

    Args:
        x: Any shape, floating.
        approximate: Use the tangent formula in place of Φ.

    Example:
        >>> gelu(torch.tensor([-1.0, 1.0]))
        tensor([-0.1587,  0.8413])

    Reference:
        Hendrycks & Gimpel, 2016.
    """
    if not isinstance(x, Tensor):
        return apply(gelu, x, approximate=approximate)
    return F.gelu(x, approximate="tanh" if approximate else "none")


def mish(x: TensorLike) -> Tensor:
    """``x · tanh(softplus(x))``.

    Example:
        >>> mish(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8651])

    Reference:
        Misra, 2019.
    """
    if not isinstance(x, Tensor):
        return apply(mish, x)
    return F.mish(x)


def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """Move every value towards 0 by ``threshold``, and no further.

    Args:
        x: Any shape, floating.
        threshold: Distance, >= 0.

    Example:
        >>> soft_shrink(torch.tensor([-2.0, 0.25]))
        tensor([-1.5000,  0.0000])

    Reference:
        ``keras.activations.soft_shrink``; ``torch.nn.Softshrink``.
    """
    if not isinstance(x, Tensor):
        return apply(soft_shrink, x, threshold=threshold)
    return F.softshrink(x, threshold)


def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """Keep values beyond ``±threshold``; the others become 0.

    Args:
        x: Any shape, floating.
        threshold: Bound, >= 0.

    Example:
        >>> hard_shrink(torch.tensor([-2.0, 0.25]))
        tensor([-2.,  0.])

    Reference:
        ``keras.activations.hard_shrink``; ``torch.nn.Hardshrink``.
    """
    if not isinstance(x, Tensor):
        return apply(hard_shrink, x, threshold=threshold)
    return F.hardshrink(x, threshold)


def tanh_shrink(x: TensorLike) -> Tensor:
    """``x − tanh(x)``.

    Example:
        >>> tanh_shrink(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.2384])

    Reference:
        ``keras.activations.tanh_shrink``; ``torch.nn.Tanhshrink``.
    """
    if not isinstance(x, Tensor):
        return apply(tanh_shrink, x)
    return F.tanhshrink(x)
