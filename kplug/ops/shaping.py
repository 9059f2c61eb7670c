"""Functions that make, rearrange, join and pick elements, by their names in ``keras.ops``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from kplug import backend as K
from kplug.backend import Axis, DTypeLike, TensorLike, to_dtype
from kplug.ops.operands import Function, of_one, of_several, to_operand, to_operands


def _transpose(x: TensorLike, axes: Sequence[int] | None = None) -> torch.Tensor:
    x = to_operand(x)
    return K.transpose(x) if axes is None else x.permute(*axes)


def _expand_dims(x: TensorLike, axis: int | Sequence[int]) -> torch.Tensor:
    x = to_operand(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in sorted(one % (x.ndim + len(axes)) for one in axes):
        x = x.unsqueeze(one)
    return x


def _squeeze(x: TensorLike, axis: int | Sequence[int] | None = None) -> torch.Tensor:
    x = to_operand(x)
    if axis is None:
        return x.squeeze()
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in sorted((one % x.ndim for one in axes), reverse=True):
        x = K.squeeze(x, one)
    return x


def _concatenate(xs: Sequence[TensorLike], axis: int = 0) -> torch.Tensor:
    return torch.cat(to_operands(*xs), dim=axis)


def _repeat(x: TensorLike, repeats: Any, axis: int | None = None) -> torch.Tensor:
    x = to_operand(x)
    if isinstance(repeats, int):
        return torch.repeat_interleave(x, repeats, dim=axis)
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    counts = [int(one) for one in repeats]
    counts = counts * x.shape[axis] if len(counts) == 1 else counts
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    return x.index_select(axis, torch.tensor(places, device=x.device))


def _flip(x: TensorLike, axis: Axis = None) -> torch.Tensor:
    x = to_operand(x)
    return K.reverse(x, range(x.ndim) if axis is None else axis)


def _roll(x: TensorLike, shift: Any, axis: Any = None) -> torch.Tensor:
    return torch.roll(to_operand(x), shift, dims=axis)


def _split(x: TensorLike, indices_or_sections: Any, axis: int = 0) -> list[torch.Tensor]:
    return list(torch.tensor_split(to_operand(x), indices_or_sections, dim=axis))


def _unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[torch.Tensor]:
    del num  # torch knows the size
    return list(torch.unbind(to_operand(x), dim=axis))


def _take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> torch.Tensor:
    x = to_operand(x)
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis % x.ndim)
    places = to_operand(indices).to(x.device).long()
    places = torch.where(places < 0, places + x.shape[axis], places)
    taken = torch.index_select(x, axis, places.reshape(-1))
    return taken.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


def _take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> torch.Tensor:
    x = to_operand(x)
    places = to_operand(indices).to(x.device).long()
    if axis is None:
        x, places, axis = x.reshape(-1), places.reshape(-1), 0
    places = torch.where(places < 0, places + x.shape[axis], places)
    return torch.take_along_dim(x, places, dim=axis)


def _pad(
    x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: float | None = None
) -> torch.Tensor:
    x = to_operand(x)
    is_one = isinstance(pad_width, int)
    pairs = [(pad_width, pad_width)] * x.ndim if is_one else list(pad_width)
    pairs = pairs * x.ndim if len(pairs) == 1 else pairs
    if mode == "constant":
        flat = list(itertools.chain.from_iterable(reversed(pairs)))
        return F.pad(x, flat, value=constant_values or 0)
    # torch pads the last axes of at most five; by indices it is any axis.
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        places = torch.arange(-before, size + after, device=x.device)
        if mode == "reflect":
            places = (size - 1) - ((places % (2 * size - 2 or 1)) - (size - 1)).abs()
        elif mode == "symmetric":
            places = places % (2 * size)
            places = torch.where(places < size, places, 2 * size - 1 - places)
        else:
            places = places.clamp(0, size - 1)
        x = x.index_select(axis, places)
    return x


def _slice(inputs: TensorLike, start_indices: Any, shape: Sequence[int]) -> torch.Tensor:
    starts = [int(start) for start in start_indices]
    pairs = zip(starts, shape, strict=True)
    return to_operand(inputs)[tuple(slice(start, start + size) for start, size in pairs)]


def _get_item(x: TensorLike, key: Any) -> torch.Tensor:
    # A file has no tuples.
    return to_operand(x)[tuple(key) if isinstance(key, list) else key]


def _arange(
    start: float, stop: float | None = None, step: float | None = None, dtype: DTypeLike = None
) -> torch.Tensor:
    step = 1 if step is None else step
    first, last = (0, start) if stop is None else (start, stop)
    is_whole = all(isinstance(one, int) for one in (first, last, step))
    dtype = ("int32" if is_whole else None) if dtype is None else dtype
    return torch.arange(first, last, step, dtype=to_dtype(dtype))


def _full(shape: Any, fill_value: Any, dtype: DTypeLike = None) -> torch.Tensor:
    return to_operand(fill_value).to(to_dtype(dtype)).expand(shape).clone()


def _full_like(x: TensorLike, fill_value: Any, dtype: DTypeLike = None) -> torch.Tensor:
    x = to_operand(x)
    value = to_operand(fill_value).to(x.device, x.dtype if dtype is None else to_dtype(dtype))
    return value.expand(x.shape).clone()


def _zeros_like(x: TensorLike, dtype: DTypeLike = None) -> torch.Tensor:
    return K.zeros_like(to_operand(x), dtype)


def _ones_like(x: TensorLike, dtype: DTypeLike = None) -> torch.Tensor:
    return K.ones_like(to_operand(x), dtype)


def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: DTypeLike = None
) -> torch.Tensor:
    count = num if endpoint else num + 1
    return torch.linspace(start, stop, count, dtype=to_dtype(dtype))[:num]


def _eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = None) -> torch.Tensor:  # noqa: N803
    columns = N if M is None else M
    places = torch.arange(columns) - torch.arange(N).unsqueeze(1)
    return (places == k).to(to_dtype(dtype))


def _identity(n: int, dtype: DTypeLike = None) -> torch.Tensor:
    return torch.eye(n, dtype=to_dtype(dtype))


def _meshgrid(*x: TensorLike, indexing: str = "xy") -> list[torch.Tensor]:
    return list(torch.meshgrid(*to_operands(*x), indexing=indexing))


def _convert_to_tensor(
    x: TensorLike, dtype: DTypeLike = None, sparse: bool | None = None
) -> torch.Tensor:
    del sparse
    return to_operand(x) if dtype is None else to_operand(x).to(to_dtype(dtype))


SHAPING: Mapping[str, Function] = {
    "arange": _arange,
    "broadcast_to": of_one(lambda x, shape: x.expand(tuple(shape))),
    "concatenate": _concatenate,
    "convert_to_tensor": _convert_to_tensor,
    "diag": of_one(lambda x, k=0: torch.diag(x, k)),
    "diagonal": of_one(
        lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2)
    ),
    "expand_dims": _expand_dims,
    "eye": _eye,
    "flip": _flip,
    "full": _full,
    "full_like": _full_like,
    "get_item": _get_item,
    "hstack": of_several(torch.hstack),
    "identity": _identity,
    "linspace": _linspace,
    "meshgrid": _meshgrid,
    "moveaxis": of_one(lambda x, source, destination: torch.movedim(x, source, destination)),
    "ones": lambda shape, dtype=None: K.ones(shape, dtype),
    "ones_like": _ones_like,
    "pad": _pad,
    "ravel": of_one(torch.ravel),
    "repeat": _repeat,
    "reshape": of_one(lambda x, newshape: K.reshape(x, newshape)),
    "roll": _roll,
    "slice": _slice,
    "split": _split,
    "squeeze": _squeeze,
    "stack": of_several(lambda x, axis=0: torch.stack(x, dim=axis)),
    "swapaxes": of_one(lambda x, axis1, axis2: torch.swapaxes(x, axis1, axis2)),
    "take": _take,
    "take_along_axis": _take_along_axis,
    "tile": of_one(lambda x, repeats: K.tile(x, repeats)),
    "transpose": _transpose,
    "tril": of_one(lambda x, k=0: torch.tril(x, k)),
    "triu": of_one(lambda x, k=0: torch.triu(x, k)),
    "unstack": _unstack,
    "vstack": of_several(torch.vstack),
    "zeros": lambda shape, dtype=None: K.zeros(shape, dtype),
    "zeros_like": _zeros_like,
}
