"""Reductions: sums, means, extremes and the like.

Every function takes ``axis`` as ``None`` (all axes), a number or a list. An empty list reduces nothing,
as in Keras; torch's own ``dim=[]`` reduces everything. ``keepdims`` keeps the reduced axes with size 1.
"""
# ruff: noqa: A001 - Keras's names: code written for it calls K.sum, K.max, K.any

from __future__ import annotations

from collections.abc import Callable

import torch

from kplug.backend.convert import Axis, TensorLike, to_axes, to_float, to_tensor


def _reduce(
    x: torch.Tensor,
    axis: Axis,
    keepdims: bool,
    function: Callable[..., torch.Tensor],
) -> torch.Tensor:
    axes = to_axes(axis)
    if axes == ():
        return x
    return function(x, tuple(range(x.ndim)) if axes is None else axes, keepdims)


def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the sum over ``axis``; integers and booleans are counted in int64.

    Example:
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
        tensor([4., 6.])
        >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=[]).shape
        torch.Size([2, 2])
    """
    x = to_tensor(x)
    if axis is None and not keepdims:
        return x.sum()
    return _reduce(x, axis, keepdims, torch.sum)


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the mean over ``axis``; integers and booleans are taken as ``floatx()``.

    Example:
        >>> mean([True, False])
        tensor(0.5000)
    """
    x = to_float(x)
    if axis is None and not keepdims:
        return x.mean()
    return _reduce(x, axis, keepdims, torch.mean)


def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the variance Σ(x − mean)²/n over ``axis``: divided by n, where torch takes n − 1."""
    x = to_float(x)
    if to_axes(axis) == ():
        return torch.zeros_like(x)
    return _reduce(
        x, axis, keepdims, lambda t, axes, keep: t.var(dim=axes, correction=0, keepdim=keep)
    )


def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the square root of ``var``. Where it is 0 the gradient is NaN, as in Keras."""
    return torch.sqrt(var(x, axis, keepdims))


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the largest values over ``axis``; equal ones share the gradient."""
    return _reduce(to_tensor(x), axis, keepdims, torch.amax)


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the smallest values over ``axis``; equal ones share the gradient."""
    return _reduce(to_tensor(x), axis, keepdims, torch.amin)


def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return the product over ``axis``."""
    return _reduce(to_tensor(x), axis, keepdims, _prod)


def _prod(x: torch.Tensor, axes: tuple[int, ...], keepdims: bool) -> torch.Tensor:
    # torch's prod takes one axis; reducing from last to first keeps the other indices valid.
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        x = x.prod(dim=axis, keepdim=keepdims)
    return x


def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return whether something over ``axis`` is not zero; a boolean tensor."""
    x = to_tensor(x).bool()
    return _reduce(x, axis, keepdims, lambda t, axes, keep: t.sum(axes, keepdim=keep) > 0)


def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return whether nothing over ``axis`` is zero; a boolean tensor."""
    x = to_tensor(x).bool()
    return _reduce(x, axis, keepdims, lambda t, axes, keep: (~t).sum(axes, keepdim=keep) == 0)


def argmax(x: TensorLike, axis: int = -1) -> torch.Tensor:
    """Return the positions of the largest values along ``axis``, int64; there is no gradient."""
    return _rank(x).argmax(dim=axis)


def argmin(x: TensorLike, axis: int = -1) -> torch.Tensor:
    """Return the positions of the smallest values along ``axis``, int64; there is no gradient."""
    return _rank(x).argmin(dim=axis)


def _rank(x: TensorLike) -> torch.Tensor:
    """Return values in a type that torch can compare; booleans become integers."""
    tensor = to_tensor(x)
    return tensor.byte() if tensor.dtype is torch.bool else tensor


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    """Return ln Σ exp(x) over ``axis``, without overflow."""
    return _reduce(to_float(x), axis, keepdims, torch.logsumexp)


def cumsum(x: TensorLike, axis: int = 0) -> torch.Tensor:
    """Return the running sums along ``axis``."""
    return to_tensor(x).cumsum(dim=axis)


def cumprod(x: TensorLike, axis: int = 0) -> torch.Tensor:
    """Return the running products along ``axis``."""
    return to_tensor(x).cumprod(dim=axis)
