"""Colour conversions: greyscale and HSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.errors import DataError
from kplug.ops.operands import Function
from kplug.ops.pictures.layout import map_pictures

# Luma coefficients of ITU-R BT.601, as rounded in Keras.
_BRIGHTNESS = (0.2989, 0.587, 0.114)


def _check_channels(owner: str, pictures: Tensor, counts: tuple[int, ...]) -> None:
    count = pictures.shape[1]
    if count not in counts:
        allowed = " or ".join(map(str, counts))
        raise DataError(f"{owner}: the pictures have {count} channels; {allowed} are needed")


def _rgb_to_grayscale(images: TensorLike, data_format: str | None = None) -> Tensor:
    def compute(x: Tensor) -> Tensor:
        _check_channels("rgb_to_grayscale", x, (1, 3))
        if x.shape[1] == 1:
            return x.clone()
        parts = (weight * part for weight, part in zip(_BRIGHTNESS, x.unbind(1), strict=True))
        return torch.stack(list(parts)).sum(0).to(x.dtype).unsqueeze(1)

    return map_pictures("rgb_to_grayscale", images, data_format, compute)


def _of_colors(owner: str, convert: Callable[[Tensor], Tensor]) -> Function:
    def compute(x: Tensor) -> Tensor:
        _check_channels(owner, x, (3,))
        if not x.is_floating_point():
            raise DataError(
                f"{owner}: the pictures are of type {str(x.dtype).removeprefix('torch.')}; "
                "floats between 0 and 1 are needed",
                hint="Divide bytes by 255.",
            )
        return convert(x)

    def function(images: TensorLike, data_format: str | None = None) -> Tensor:
        return map_pictures(owner, images, data_format, compute)

    return function


def _to_hsv(x: Tensor) -> Tensor:
    x = torch.where(x.abs() < torch.finfo(x.dtype).eps, 0.0, x)
    red, green, blue = x.unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    spread = value - torch.minimum(torch.minimum(red, green), blue)
    is_colored = spread > 0
    sixth = 1.0 / (6.0 * torch.where(is_colored, spread, 1.0))
    hue = torch.where(
        value == green, sixth * (blue - red) + 2.0 / 6.0, sixth * (red - green) + 4.0 / 6.0
    )
    hue = torch.where(value == red, sixth * (green - blue), hue)
    hue = torch.where(is_colored, hue, 0.0)
    is_bright = value > 0
    saturation = torch.where(is_bright, spread / torch.where(is_bright, value, 1.0), 0.0)
    return torch.stack([hue + (hue < 0).to(hue.dtype), saturation, value], 1)


def _to_rgb(x: Tensor) -> Tensor:
    hue, saturation, value = x.unbind(1)
    angle = torch.remainder(hue, 1.0) * 6.0
    shares = (
        (angle - 3.0).abs() - 1.0,
        2.0 - (angle - 2.0).abs(),
        2.0 - (angle - 4.0).abs(),
    )
    rest = 1.0 - saturation
    return torch.stack([value * (rest + saturation * one.clamp(0.0, 1.0)) for one in shares], 1)


COLORS: Mapping[str, Function] = {
    "hsv_to_rgb": _of_colors("hsv_to_rgb", _to_rgb),
    "rgb_to_grayscale": _rgb_to_grayscale,
    "rgb_to_hsv": _of_colors("rgb_to_hsv", _to_hsv),
}
