"""Converts images between callers' layouts and (N, channels, height, width)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.global_settings import standardize_data_format
from kplug.backend.spatial import to_channels_second
from kplug.errors import DataError
from kplug.ops.operands import to_operand


def check_rank(owner: str, pictures: Tensor, ranks: Sequence[int] = (3, 4)) -> None:
    """Raise unless pictures have one of these numbers of axes.

    Raises:
        DataError: They have another.
    """
    if pictures.ndim not in ranks:
        allowed = " or ".join(map(str, ranks))
        raise DataError(
            f"{owner}: the pictures have shape {tuple(pictures.shape)}; {allowed} axes are needed",
            hint="One picture is (height, width, channels), several are (N, height, width, channels).",
        )


def map_pictures(
    owner: str,
    images: TensorLike,
    data_format: str | None,
    compute: Callable[[Tensor], Tensor],
    ranks: Sequence[int] = (3, 4),
) -> Tensor:
    """Apply a function of (N, channels, height, width), and restore the given layout.

    Args:
        owner: The public function, for messages.
        images: One picture or several; one gets a batch axis for the function.
        data_format: ``"channels_last"``, ``"channels_first"``, or ``None`` for the setting.
        compute: The function. It may append axes, or return a number for each picture.
        ranks: How many axes are allowed; the largest has a batch.
    """
    x, layout = to_operand(images), standardize_data_format(data_format, owner)
    check_rank(owner, x, ranks)
    rank = max(ranks)
    made = compute(to_channels_second(x[None] if x.ndim < rank else x, layout))
    if layout == "channels_last" and made.ndim >= rank:
        made = made.movedim(1, rank - 1)
    return made[0] if x.ndim < rank else made


def as_floats(compute: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function in float32 or float64, and convert the result to the type of ``x``."""
    return to_type_of(x, compute(x if x.dtype in (torch.float32, torch.float64) else x.float()))


def to_type_of(x: Tensor, made: Tensor) -> Tensor:
    """Return ``made`` in the type of ``x``; for integer types, round and clip it."""
    if x.is_floating_point():
        return made.to(x.dtype)
    bounds: Any = torch.iinfo(torch.uint8 if x.dtype is torch.bool else x.dtype)
    return made.round().clamp(bounds.min, bounds.max).to(x.dtype)
