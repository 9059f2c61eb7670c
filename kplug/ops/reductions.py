"""Reductions, running sums and sorting, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug.backend import Axis, DTypeLike, TensorLike, elementwise, nn, reductions
from kplug.ops.operands import (
    Function,
    to_counting,
    to_flat,
    to_float,
    to_one_type,
    to_operand,
)


def _counted(function: Function) -> Function:
    """Return a sum or product with Keras's integer result type instead of int64."""

    def reduce(
        x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: DTypeLike = None
    ) -> Any:
        x = to_counting(to_operand(x)) if dtype is None else elementwise.cast(to_operand(x), dtype)
        return function(x, axis, keepdims).to(x.dtype)

    return reduce


def _running(function: Function) -> Function:
    def run(x: TensorLike, axis: int | None = None, dtype: DTypeLike = None) -> Any:
        x = to_operand(x) if dtype is None else elementwise.cast(to_operand(x), dtype)
        x, axis = to_flat(x.int() if x.dtype is torch.bool else x, axis)
        return function(x, axis).to(x.dtype)

    return run


def _place(function: Function) -> Function:
    def find(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Any:
        x = to_operand(x)
        x = x.int() if x.dtype is torch.bool else x
        return function(x, dim=axis, keepdim=keepdims).int()

    return find


def _extreme(function: Function, bound: Function) -> Function:
    def reduce(
        x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: Any = None
    ) -> Any:
        x = to_operand(x)
        if initial is not None and not x.numel():
            return torch.full_like(reductions.sum(x, axis, keepdims), initial, dtype=x.dtype)
        result = function(x, axis, keepdims)
        return result if initial is None else bound(result, torch.full_like(result, initial))

    return reduce


def _count_nonzero(x: TensorLike, axis: Axis = None) -> torch.Tensor:
    return reductions.sum(to_operand(x) != 0, axis).int()


def _average(x: TensorLike, axis: Axis = None, weights: TensorLike | None = None) -> torch.Tensor:
    if weights is None:
        return reductions.mean(to_float(x), axis)
    x, factors = map(to_float, to_one_type(x, weights))
    if factors.ndim == 1 and isinstance(axis, int):
        factors = factors.reshape([-1 if at == axis % x.ndim else 1 for at in range(x.ndim)])
    return reductions.sum(x * factors, axis) / reductions.sum(factors.expand_as(x), axis)


def _moments(
    x: TensorLike, axes: Axis, keepdims: bool = False, synchronized: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    del synchronized  # there is one device
    x = to_float(x)
    # As in Keras, half precision accumulates in float32 and saturates.
    counted, most = x.to(torch.promote_types(x.dtype, torch.float32)), torch.finfo(x.dtype).max
    moments = (reductions.mean(counted, axes, keepdims), reductions.var(counted, axes, keepdims))
    mean, var = (one.clamp(-most, most).to(x.dtype) for one in moments)
    return mean, var


def _top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    values, places = torch.topk(to_operand(x), k, sorted=sorted)
    return values, places


def _sort(x: TensorLike, axis: int | None = -1) -> torch.Tensor:
    x, axis = to_flat(to_operand(x), axis)
    return torch.sort(x, dim=axis, stable=True).values


def _argsort(x: TensorLike, axis: int | None = -1) -> torch.Tensor:
    x, axis = to_flat(to_operand(x), axis)
    return torch.argsort(x, dim=axis, stable=True).int()


def _in_top_k(targets: TensorLike, predictions: TensorLike, k: int) -> torch.Tensor:
    return nn.in_top_k(to_operand(predictions), to_operand(targets), k)


REDUCTIONS: Mapping[str, Function] = {
    "all": reductions.all,
    "amax": _extreme(reductions.max, torch.maximum),
    "amin": _extreme(reductions.min, torch.minimum),
    "any": reductions.any,
    "argmax": _place(torch.argmax),
    "argmin": _place(torch.argmin),
    "argsort": _argsort,
    "average": _average,
    "count_nonzero": _count_nonzero,
    "cumprod": _running(torch.cumprod),
    "cumsum": _running(torch.cumsum),
    "in_top_k": _in_top_k,
    "logsumexp": reductions.logsumexp,
    "max": _extreme(reductions.max, torch.maximum),
    "mean": reductions.mean,
    "min": _extreme(reductions.min, torch.minimum),
    "moments": _moments,
    "prod": _counted(reductions.prod),
    "sort": _sort,
    "std": reductions.std,
    "sum": _counted(reductions.sum),
    "top_k": _top_k,
    "var": reductions.var,
}
