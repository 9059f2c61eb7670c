"""Padding and cropping: two of before, after and target size determine the third."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor

from kplug.backend import TensorLike
from kplug.components.arguments import refusal, require_integer
from kplug.ops.operands import Function
from kplug.ops.pictures.layout import map_pictures

_Axis = tuple[int, int]  # cells before and after


def _pad_images(
    images: TensorLike,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    def compute(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        find = _finder("padding", lambda size, target: target - size)
        rows = find("height", height, top_padding, bottom_padding, target_height)
        columns = find("width", width, left_padding, right_padding, target_width)
        return F.pad(x, (*columns, *rows))

    return map_pictures("pad_images", images, data_format, compute)


def _crop_images(
    images: TensorLike,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    def compute(x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        find = _finder("cropping", lambda size, target: size - target)
        top, bottom = find("height", height, top_cropping, bottom_cropping, target_height)
        left, right = find("width", width, left_cropping, right_cropping, target_width)
        return x[..., top : height - bottom, left : width - right]

    return map_pictures("crop_images", images, data_format, compute)


def _finder(noun: str, find_cells: Callable[[int, int], int]) -> Callable[..., _Axis]:
    """Return a function that finds the cells before and after one axis.

    Args:
        noun: ``"padding"`` or ``"cropping"``, the suffix of the arguments.
        find_cells: Computes the total cells of both ends from the sizes before and after.
    """
    owner = "pad_images" if noun == "padding" else "crop_images"

    def find(
        axis: str, size: int, before: int | None, after: int | None, target: int | None
    ) -> _Axis:
        sides = ("top", "bottom") if axis == "height" else ("left", "right")
        names = [f"{sides[0]}_{noun}", f"{sides[1]}_{noun}", f"target_{axis}"]
        given = dict(zip(names, (before, after, target), strict=True))
        if list(given.values()).count(None) != 1:
            raise refusal(owner, names[2], target, f"two of {', '.join(names)}, not {given}")
        for name, value in given.items():
            if value is not None:
                require_integer(owner, name, value, "an integer >= 0", at_least=0)
        first, last = before or 0, after or 0
        rest = 0 if target is None else find_cells(size, target) - first - last
        if rest < 0:
            raise refusal(owner, names[2], target, f"a size that {given} leave of {size}")
        if noun == "cropping" and first + last > size:
            raise refusal(owner, names[0], before, f"at most {size} cells of both ends together")
        return (first + rest, last) if before is None else (first, last + rest)

    return find


EDGES: Mapping[str, Function] = {"crop_images": _crop_images, "pad_images": _pad_images}
