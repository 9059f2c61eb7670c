"""Scatter and segment operations, under their ``keras.ops`` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.indices import to_indices
from kplug.components.arguments import require_choice
from kplug.ops.operands import Function, to_operand, to_operands

_REDUCTIONS = {"max": "amax", "min": "amin", "mul": "prod"}


def _scatter(indices: TensorLike, values: TensorLike, shape: Sequence[int]) -> Tensor:
    places, amounts = to_operands(indices, values)
    made = amounts.new_zeros(tuple(shape))
    return made.index_put(to_indices(places, "scatter").unbind(-1), amounts, accumulate=True)


def _scatter_update(
    inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: str | None = None
) -> Tensor:
    x = to_operand(inputs)
    places = to_indices(indices, "scatter_update").to(x.device).unbind(-1)
    values = to_operand(updates).to(x)
    if reduction is None or reduction == "add":
        return x.index_put(places, values, accumulate=reduction == "add")
    choice = require_choice("scatter_update", "reduction", reduction, ("add", *_REDUCTIONS))
    sizes = x.shape[: len(places)]
    rows = torch.zeros_like(places[0])
    for place, size in zip(places, sizes, strict=True):
        rows = rows * size + place % size
    flat = x.reshape(-1, *x.shape[len(places) :])
    values = values.reshape(-1, *flat.shape[1:])
    made = _reduce_rows(flat, rows.reshape(-1), values, _REDUCTIONS[choice], has_self=True)
    return made.reshape(x.shape)


def _reduce_rows(x: Tensor, rows: Tensor, values: Tensor, reduction: str, has_self: bool) -> Tensor:
    places = rows.reshape(-1, *[1] * (values.ndim - 1)).expand(values.shape)
    return x.scatter_reduce(0, places, values, reduction, include_self=has_self)


def _slice_update(inputs: TensorLike, start_indices: Any, updates: TensorLike) -> Tensor:
    x = to_operand(inputs)
    values = to_operand(updates).to(x)
    is_unknown = isinstance(start_indices, Tensor) and start_indices.is_meta
    starts = [0] * x.ndim if is_unknown else [int(one) for one in start_indices]
    # As in Keras, a slice past the end starts earlier.
    starts = [
        min(start, size - n) for start, size, n in zip(starts, x.shape, values.shape, strict=True)
    ]
    made = x.clone()
    made[tuple(slice(at, at + size) for at, size in zip(starts, values.shape, strict=True))] = (
        values
    )
    return made


def _segment(reduction: str, lowest: Function) -> Function:
    """Return a reduction of the rows with equal segment ids."""

    def reduce(
        data: TensorLike,
        segment_ids: TensorLike,
        num_segments: int | None = None,
        sorted: bool = False,
    ) -> Tensor:
        del sorted
        x = to_operand(data)
        ids = to_indices(segment_ids, f"segment_{reduction}").to(x.device)
        if ids.shape != x.shape[: ids.ndim]:
            raise ValueError(
                f"segment_ids has shape {tuple(ids.shape)}, and data {tuple(x.shape)}, which begins "
                "otherwise"
            )
        rows, x = ids.reshape(-1), x.reshape(-1, *x.shape[ids.ndim :])
        count = int(rows.max()) + 1 if num_segments is None else num_segments
        # Rows with ids out of range go to an extra segment, which is dropped.
        rows = torch.where((rows >= 0) & (rows < count), rows, count)
        made = x.new_full((count + 1, *x.shape[1:]), lowest(x.dtype))
        return _reduce_rows(made, rows, x, reduction, has_self=True)[:count]

    return reduce


def _least(dtype: torch.dtype) -> float:
    return -torch.inf if dtype.is_floating_point else torch.iinfo(dtype).min


def _most(dtype: torch.dtype) -> float:
    return torch.inf if dtype.is_floating_point else torch.iinfo(dtype).max


SCATTERING: Mapping[str, Function] = {
    "scatter": _scatter,
    "scatter_update": _scatter_update,
    "segment_max": _segment("amax", _least),
    "segment_min": _segment("amin", _most),
    "segment_prod": _segment("prod", lambda _: 1),
    "segment_sum": _segment("sum", lambda _: 0),
    "slice_update": _slice_update,
}
