"""Quantiles, histograms, and NaN-ignoring reductions, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from kplug.backend import Axis, DTypeLike, TensorLike, reductions
from kplug.backend.convert import to_axes
from kplug.backend.indices import to_indices
from kplug.components.arguments import require_choice, require_integer
from kplug.errors import DataError
from kplug.ops.operands import (
    Function,
    of_float,
    of_one,
    to_float,
    to_one_type,
    to_operand,
)
from kplug.ops.reductions import REDUCTIONS


def _quantile(function: Function, whole: float = 1.0) -> Function:
    """Return the quantile function for quantiles given as parts of ``whole``."""

    def reduce(
        x: TensorLike,
        q: TensorLike,
        axis: Axis = None,
        method: str = "linear",
        keepdims: bool = False,
    ) -> Any:
        x = to_float(x)
        axes = range(x.ndim) if axis is None else [one % x.ndim for one in to_axes(axis) or ()]
        rest = [size for at, size in enumerate(x.shape) if at not in axes]
        last = x.movedim(tuple(axes), tuple(range(x.ndim - len(axes), x.ndim)))
        counted = last.reshape((*rest, -1)).to(torch.promote_types(x.dtype, torch.float32))
        shares = to_float(q).to(counted) / whole
        result = function(counted, shares.reshape(-1), dim=-1, interpolation=method)
        if keepdims:
            for at in sorted(axes):
                result = result.unsqueeze(at + 1)
        return result.reshape((*shares.shape, *result.shape[1:])).to(x.dtype)

    return reduce


def _median(function: Function) -> Function:
    def find(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Any:
        # torch interpolates infinities to NaN; the median of single values needs no interpolation.
        return to_float(x) if axis == () else function(x, 0.5, axis, "linear", keepdims)

    return find


def _without_nan(name: str, value: float) -> Function:
    """Return the reduction of that name with NaN replaced by ``value``."""
    function = REDUCTIONS[name]

    def reduce(x: TensorLike, axis: Axis = None, **arguments: Any) -> Any:
        x = to_operand(x)
        x = torch.where(x.isnan(), value, x) if x.is_floating_point() else x
        return function(x, axis, **arguments)

    return lambda x, axis=None, keepdims=False: reduce(x, axis, keepdims=keepdims)


def _running(name: str, value: float) -> Function:
    function = REDUCTIONS[name]

    def run(x: TensorLike, axis: Any = None, dtype: DTypeLike = None) -> Any:
        x = to_operand(x)
        axis = axis[0] if isinstance(axis, (list, tuple)) else axis
        x = torch.where(x.isnan(), value, x) if x.is_floating_point() else x
        return function(x, axis, dtype)

    return run


def _extreme(name: str, bound: float) -> Function:
    """Return the extreme ignoring NaN; NaN if all values are NaN."""
    reduce = _without_nan(name, bound)

    def find(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
        x = to_operand(x)
        result: torch.Tensor = reduce(x, axis, keepdims)
        if not x.is_floating_point():
            return result
        return torch.where(reductions.all(x.isnan(), axis, keepdims), torch.nan, result)

    return find


def _place(name: str, bound: float) -> Function:
    find = _without_nan(name, bound)

    def locate(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> torch.Tensor:
        x = to_operand(x)
        result: torch.Tensor = find(x, axis, keepdims)
        return torch.where(reductions.all(x.isnan(), axis, keepdims), -1, result)

    return locate


def _nanmean(x: torch.Tensor, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    axes = to_axes(axis)
    return x if axes == () else torch.nanmean(x, axes, keepdims)  # () would mean all to torch


def _nanvar(x: torch.Tensor, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    # Not a mean of NaN: its gradient would be NaN where x is not.
    centred = torch.where(x.isnan(), 0.0, x - _nanmean(x, axis, keepdims=True))
    counts = reductions.sum((~x.isnan()).to(x.dtype), axis, keepdims)
    return reductions.sum(centred.square(), axis, keepdims) / counts


def _nanstd(x: torch.Tensor, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    return _nanvar(x, axis, keepdims).sqrt()


def _ptp(x: torch.Tensor, axis: Axis = None, keepdims: bool = False) -> torch.Tensor:
    return reductions.max(x, axis, keepdims) - reductions.min(x, axis, keepdims)


def _bincount(
    x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False
) -> torch.Tensor:
    del sparse
    places = to_indices(x, "bincount")
    amounts = torch.ones_like(places, dtype=torch.int32) if weights is None else to_operand(weights)
    amounts = amounts.to(places.device).expand(places.shape)
    largest = int(places.max()) + 1 if places.numel() else 0
    counts = amounts.new_zeros((*places.shape[:-1], max(minlength, largest)))
    return counts.scatter_add(-1, places, amounts)


def _searchsorted(
    sorted_sequence: TensorLike, values: TensorLike, side: str = "left"
) -> torch.Tensor:
    edges, wanted = to_one_type(sorted_sequence, values)
    return torch.searchsorted(edges, wanted.contiguous(), side=side, out_int32=True)


def _digitize(x: TensorLike, bins: TensorLike) -> torch.Tensor:
    wanted, edges = to_one_type(x, bins)
    if edges.ndim != 1:
        raise DataError(f"digitize: the bins have shape {tuple(edges.shape)}; a vector is needed")
    if wanted.dtype is torch.bool:
        wanted, edges = wanted.int(), edges.int()
    return torch.bucketize(wanted, edges, right=True, out_int32=True)


def _histogram(
    x: TensorLike, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    x = to_float(x).reshape(-1)
    require_integer("histogram", "bins", bins, "an integer >= 1", at_least=1)
    if range is not None and not range[0] < range[1]:
        raise DataError(f"the range {range} of a histogram does not rise")
    low, high = (x.min(), x.max()) if range is None else (x.new_tensor(one) for one in range)
    is_flat = low == high
    low, high = torch.where(is_flat, low - 0.5, low), torch.where(is_flat, high + 0.5, high)
    edges = low + (high - low) / bins * torch.arange(bins, device=x.device)
    edges = torch.cat([edges, high[None]])
    places = torch.bucketize(x, edges, right=True).clamp(max=bins) - 1
    is_inside = (x >= low) & (x <= high)
    counts = x.new_zeros(bins).scatter_add(0, places.clamp(min=0), is_inside.to(x.dtype))
    return counts, edges


def _correlate(x1: TensorLike, x2: TensorLike, mode: str = "valid") -> torch.Tensor:
    longer, shorter = map(to_float, to_one_type(x1, x2))
    if longer.ndim != 1 or shorter.ndim != 1:
        raise DataError("correlate takes two vectors")
    mode = require_choice("correlate", "mode", mode, ("valid", "same", "full"))
    is_swapped = len(longer) < len(shorter)
    if is_swapped:
        longer, shorter = shorter, longer
    paddings = {"valid": 0, "same": len(shorter) // 2, "full": len(shorter) - 1}
    made = F.conv1d(longer[None, None], shorter[None, None], padding=paddings[mode])[0, 0]
    made = made[: len(longer)] if mode == "same" else made
    return made.flip(0) if is_swapped else made


def _corrcoef(x: torch.Tensor) -> Any:
    # torch.corrcoef does not support meta tensors.
    rows = x if x.ndim > 1 else x.unsqueeze(0)
    centred = rows - rows.mean(1, keepdim=True)
    units = centred / centred.norm(dim=1, keepdim=True)
    return (units @ units.T).clamp(-1, 1).squeeze()


def _trapezoid(
    y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1
) -> torch.Tensor:
    heights = to_float(y)
    if x is None:
        return torch.trapezoid(heights, dx=dx, dim=axis)
    return torch.trapezoid(heights, to_operand(x).to(heights), dim=axis)


def _diff(a: torch.Tensor, n: int = 1, axis: int = -1) -> torch.Tensor:
    return torch.diff(a, n, axis)


def _argpartition(x: TensorLike, kth: int, axis: int | None = -1) -> Any:
    require_integer("argpartition", "kth", kth, "an integer")
    return REDUCTIONS["argsort"](x, axis)  # a sorted order is a partition at any place


_shares = _quantile(torch.quantile)
_known_shares = _quantile(torch.nanquantile)

STATISTICS: Mapping[str, Function] = {
    "argpartition": _argpartition,
    "bincount": _bincount,
    "corrcoef": of_float(_corrcoef),
    "correlate": _correlate,
    "diff": of_one(_diff),
    "digitize": _digitize,
    "histogram": _histogram,
    "median": _median(_shares),
    "nanargmax": _place("argmax", -torch.inf),
    "nanargmin": _place("argmin", torch.inf),
    "nancumprod": _running("cumprod", 1.0),
    "nancumsum": _running("cumsum", 0.0),
    "nanmax": _extreme("max", -torch.inf),
    "nanmean": of_float(_nanmean),
    "nanmedian": _median(_known_shares),
    "nanmin": _extreme("min", torch.inf),
    "nanpercentile": _quantile(torch.nanquantile, 100.0),
    "nanprod": _without_nan("prod", 1.0),
    "nanquantile": _known_shares,
    "nanstd": of_float(_nanstd),
    "nansum": _without_nan("sum", 0.0),
    "nanvar": of_float(_nanvar),
    "percentile": _quantile(torch.quantile, 100.0),
    "ptp": of_one(_ptp),
    "quantile": _shares,
    "searchsorted": _searchsorted,
    "trapezoid": _trapezoid,
}
