"""Extracts patches of images and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.sliding_windows import pad_spatial, same_paddings
from kplug.backend.spatial import per_axis
from kplug.components.arguments import refusal, require_choice
from kplug.ops.operands import Function
from kplug.ops.pictures.layout import map_pictures


def _extract(
    owner: str,
    images: TensorLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    dilation_rate: int | Sequence[int],
    padding: str,
    data_format: str | None,
    rank: int,
) -> Tensor:
    window, gaps = per_axis(size, rank), per_axis(dilation_rate, rank)
    steps = window if strides is None else per_axis(strides, rank)
    for name, value in (("size", window), ("strides", steps), ("dilation_rate", gaps)):
        if len(value) != rank or min(value) < 1:
            raise refusal(owner, name, value, f"an integer >= 1, or {rank} of them")
    padding = require_choice(owner, "padding", padding, ("valid", "same"))

    def compute(x: Tensor) -> Tensor:
        if padding == "same":
            x = pad_spatial(x, same_paddings(x.shape[2:], window, steps, gaps))
        for axis, (cells, step, gap) in enumerate(zip(window, steps, gaps, strict=True)):
            x = x.unfold(axis + 2, (cells - 1) * gap + 1, step)[..., ::gap]
        places = range(2, 2 + rank)
        # A patch is flattened row by row, with the channels of a cell adjacent.
        return x.permute(0, *range(2 + rank, 2 + 2 * rank), 1, *places).flatten(1, rank + 1)

    return map_pictures(owner, images, data_format, compute, (rank + 1, rank + 2))


def _extract_patches(
    images: TensorLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    rank = 2 if isinstance(size, int) else len(size)
    if rank not in (2, 3):
        raise refusal("extract_patches", "size", size, "an integer, or 2 or 3 of them")
    options = (dilation_rate, padding, data_format)
    return _extract("extract_patches", images, size, strides, *options, rank)


def _extract_patches_3d(
    volumes: TensorLike,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    dilation_rate: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    options = (dilation_rate, padding, data_format)
    return _extract("extract_patches_3d", volumes, size, strides, *options, 3)


PATCHES: Mapping[str, Function] = {
    "extract_patches": _extract_patches,
    "extract_patches_3d": _extract_patches_3d,
}
