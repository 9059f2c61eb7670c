"""Functions that reshape, join, split and index tensors, under their ``keras.ops`` names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from functorch.einops import rearrange  # type: ignore[import-untyped]

from kplug.backend import Axis, TensorLike, ndim, shaping
from kplug.backend.indices import to_indices
from kplug.errors import ArgumentValueError, DataError
from kplug.ops.operands import (
    Function,
    of_one,
    of_several,
    to_counting,
    to_flat,
    to_one_type,
    to_operand,
)


def _transpose(x: TensorLike, axes: Sequence[int] | None = None) -> torch.Tensor:
    x = to_operand(x)
    return shaping.transpose(x) if axes is None else x.permute(*axes)


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
        x = shaping.squeeze(x, one)
    return x


def _repeat(x: TensorLike, repeats: Any, axis: int | None = None) -> torch.Tensor:
    x = to_operand(x)
    if isinstance(repeats, int):
        return torch.repeat_interleave(x, repeats, dim=axis)
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    counts = [int(one) for one in repeats]
    counts = counts * x.shape[axis] if len(counts) == 1 else counts
    if len(counts) != x.shape[axis]:
        raise DataError(
            f"repeat: {len(counts)} numbers for the {x.shape[axis]} entries of the axis"
        )
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    return x.index_select(axis, torch.tensor(places, device=x.device))


def _flip(x: TensorLike, axis: Axis = None) -> torch.Tensor:
    x = to_operand(x)
    return shaping.reverse(x, range(x.ndim) if axis is None else axis)


def _roll(x: TensorLike, shift: Any, axis: Any = None) -> torch.Tensor:
    if isinstance(axis, (list, tuple)) and isinstance(shift, int):
        shift = [shift] * len(axis)
    return torch.roll(to_operand(x), shift, dims=axis)


def _split(x: TensorLike, indices_or_sections: Any, axis: int = 0) -> list[torch.Tensor]:
    x = to_operand(x)
    if isinstance(indices_or_sections, int) and x.shape[axis] % indices_or_sections:
        raise ArgumentValueError(
            "split",
            "indices_or_sections",
            indices_or_sections,
            f"a divisor of {x.shape[axis]}, the size of axis {axis}; array_split takes others",
        )
    return _array_split(x, indices_or_sections, axis)


def _array_split(x: TensorLike, indices_or_sections: Any, axis: int = 0) -> list[torch.Tensor]:
    if not isinstance(indices_or_sections, int):
        indices_or_sections = [int(one) for one in indices_or_sections]
    return list(torch.tensor_split(to_operand(x), indices_or_sections, dim=axis))


def _unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[torch.Tensor]:
    parts = list(torch.unbind(to_operand(x), dim=axis))
    if num not in (None, len(parts)):
        raise DataError(f"unstack: axis {axis} has {len(parts)} entries, not {num}")
    return parts


def _reshape(x: torch.Tensor, newshape: int | Sequence[int]) -> torch.Tensor:
    return shaping.reshape(x, (newshape,) if isinstance(newshape, int) else newshape)


def _take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> torch.Tensor:
    x, axis = to_flat(to_operand(x), axis)
    axis %= x.ndim
    places = to_indices(indices, "take").to(x.device)
    places = torch.where(places < 0, places + x.shape[axis], places)
    taken = torch.index_select(x, axis, places.reshape(-1))
    return taken.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


def _take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> torch.Tensor:
    x = to_operand(x)
    places = to_indices(indices, "take_along_axis").to(x.device)
    if axis is None:
        x, places, axis = x.reshape(-1), places.reshape(-1), 0
    places = torch.where(places < 0, places + x.shape[axis], places)
    return torch.take_along_dim(x, places, dim=axis)


def _pad(
    x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: float | None = None
) -> torch.Tensor:
    x = to_operand(x)
    if mode != "constant" and constant_values is not None:
        raise ArgumentValueError("pad", "constant_values", constant_values, "None in this mode")
    pairs = _to_pairs(pad_width, x.ndim)
    if mode == "constant":
        flat = list(itertools.chain.from_iterable(reversed(pairs)))
        return F.pad(x, flat, value=constant_values or 0)
    # torch pads only trailing axes, at most five in total; indices work for any axis.
    for axis, (before, after) in enumerate(pairs):
        places = torch.arange(-before, x.shape[axis] + after, device=x.device)
        x = x.index_select(axis, fold_places(places, x.shape[axis], mode))
    return x


def _to_pairs(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, int):
        return [(pad_width, pad_width)] * ndim
    pairs = list(pad_width)
    if len(pairs) == 2 and all(isinstance(one, int) for one in pairs):
        pairs = [tuple(pairs)]
    pairs = [(pair, pair) if isinstance(pair, int) else tuple(pair) for pair in pairs]
    pairs = [pair * 2 if len(pair) == 1 else pair for pair in pairs]
    return pairs * ndim if len(pairs) == 1 else pairs


def fold_places(places: torch.Tensor, size: int, mode: str) -> torch.Tensor:
    """Fold out-of-range positions along an axis back into range."""
    if mode == "reflect":
        return (size - 1) - ((places % (2 * size - 2 or 1)) - (size - 1)).abs()
    if mode == "symmetric":
        places = places % (2 * size)
        return torch.where(places < size, places, 2 * size - 1 - places)
    return places % size if mode == "wrap" else places.clamp(0, size - 1)


def _slice(inputs: TensorLike, start_indices: Any, shape: Sequence[int]) -> torch.Tensor:
    x = to_operand(inputs)
    is_unknown = isinstance(start_indices, torch.Tensor) and start_indices.is_meta
    starts = [0] * x.ndim if is_unknown else [int(start) for start in start_indices]
    triples = zip(starts, shape, x.shape, strict=True)
    ends = [(at, most if size == -1 else at + size) for at, size, most in triples]
    return x[tuple(slice(start, end) for start, end in ends)]


def _get_item(x: TensorLike, key: Any) -> torch.Tensor:
    parts = tuple(key) if isinstance(key, list) else key  # a file has no tuples
    if isinstance(parts, tuple) and sum(part is ... for part in parts) > 1:
        raise DataError(f"get_item: the key {parts!r} has more than one '...'")
    return to_operand(x)[parts]


def _along(axis: int) -> Function:
    """Return ``split`` along an axis; a vector has only the first."""
    return lambda x, indices_or_sections: _split(x, indices_or_sections, min(axis, ndim(x) - 1))


def _append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> torch.Tensor:
    first, second = to_one_type(x1, x2)
    if axis is None:
        first, second, axis = first.reshape(-1), second.reshape(-1), 0
    return torch.cat([first, second], dim=axis)


def _rot90(array: torch.Tensor, k: int = 1, axes: Sequence[int] = (0, 1)) -> torch.Tensor:
    return torch.rot90(array, k, tuple(axes))


def _trace(x: torch.Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> torch.Tensor:
    x = to_counting(x)
    return torch.diagonal(x, offset, axis1, axis2).sum(-1).to(x.dtype)


def _vander(x: torch.Tensor, N: int | None = None, increasing: bool = False) -> torch.Tensor:  # noqa: N803
    return torch.vander(x, N, increasing).to(x.dtype)


def _nonzero(x: torch.Tensor) -> torch.Tensor:
    return torch.nonzero(x).T.int()


def _unravel_index(indices: torch.Tensor, shape: Sequence[int]) -> tuple[torch.Tensor, ...]:
    dtype = torch.int32 if indices.is_floating_point() else indices.dtype
    return tuple(
        one.to(dtype)
        for one in torch.unravel_index(to_indices(indices, "unravel_index"), tuple(shape))
    )


def _unique(
    x: TensorLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    x = to_operand(x)
    is_flat = axis is None
    rows, axis = (x.reshape(-1), 0) if axis is None else (x, axis % x.ndim)
    values, inverse, counts = torch.unique(
        rows, sorted=sorted, return_inverse=True, return_counts=True, dim=axis
    )
    places = torch.arange(rows.shape[axis], device=x.device)
    first = torch.full_like(counts, rows.shape[axis]).scatter_reduce(0, inverse, places, "amin")
    if size is not None:
        # Missing rows repeat the first one, or contain fill_value.
        missing = max(size - len(counts), 0)
        values = values.narrow(axis, 0, min(size, len(counts)))
        filling = values.narrow(axis, 0, 1) if fill_value is None else values.new_tensor(fill_value)
        shape = [missing if at == axis else one for at, one in enumerate(values.shape)]
        values = torch.cat([values, filling.expand(shape)], dim=axis)
        first = torch.cat([first[:size], first[:1].expand(missing)])
        counts = F.pad(counts[:size], (0, missing))
        inverse = inverse.clamp(max=size - 1)
    inverse = inverse.reshape(x.shape) if is_flat else inverse
    wanted = (return_index, return_inverse, return_counts)
    extras = [
        one for one, is_wanted in zip((first, inverse, counts), wanted, strict=True) if is_wanted
    ]
    return (values, *extras) if extras else values


def _rearrange(tensor: torch.Tensor, pattern: str, **axes_lengths: int) -> torch.Tensor:
    made: torch.Tensor = rearrange(tensor, pattern, **axes_lengths)
    return made


SHAPING: Mapping[str, Function] = {
    "append": _append,
    "array_split": _array_split,
    "broadcast_to": of_one(lambda x, shape: x.expand(tuple(shape))),
    "concatenate": of_several(lambda xs, axis=0: torch.cat(xs, dim=axis)),
    "diag": of_one(lambda x, k=0: torch.diag(x, k)),
    "diagflat": of_one(lambda x, k=0: torch.diagflat(x, k)),
    "diagonal": of_one(
        lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2)
    ),
    "dsplit": _along(2),
    "dstack": of_several(torch.dstack),
    "expand_dims": _expand_dims,
    "flip": _flip,
    "fliplr": of_one(torch.fliplr),
    "flipud": of_one(torch.flipud),
    "get_item": _get_item,
    "hsplit": _along(1),
    "hstack": of_several(torch.hstack),
    "moveaxis": of_one(lambda x, source, destination: torch.movedim(x, source, destination)),
    "nonzero": of_one(_nonzero),
    "pad": _pad,
    "ravel": of_one(torch.ravel),
    "rearrange": of_one(_rearrange),
    "repeat": _repeat,
    "reshape": of_one(_reshape),
    "roll": _roll,
    "rot90": of_one(_rot90),
    "slice": _slice,
    "split": _split,
    "squeeze": _squeeze,
    "stack": of_several(lambda x, axis=0: torch.stack(x, dim=axis)),
    "swapaxes": of_one(lambda x, axis1, axis2: torch.swapaxes(x, axis1, axis2)),
    "take": _take,
    "take_along_axis": _take_along_axis,
    "tile": of_one(lambda x, repeats: shaping.tile(x, repeats)),
    "trace": of_one(_trace),
    "transpose": _transpose,
    "tril": of_one(lambda x, k=0: torch.tril(x, k)),
    "triu": of_one(lambda x, k=0: torch.triu(x, k)),
    "unique": _unique,
    "unravel_index": of_one(_unravel_index),
    "unstack": _unstack,
    "vander": of_one(_vander),
    "vsplit": _along(0),
    "vstack": of_several(torch.vstack),
}
