"""Image resizing, with torch's kernels or one weight matrix per axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import TensorLike
from kplug.components.arguments import refusal, require_choice, require_integer
from kplug.ops.operands import Function, to_float, to_one_type, to_operand
from kplug.ops.pictures.layout import as_floats, map_pictures, to_type_of

_TORCH_MODES = {"bilinear": "bilinear", "nearest": "nearest-exact", "bicubic": "bicubic"}
_LANCZOS = ("lanczos3", "lanczos5")
# Below this total weight, a cell lies outside of the picture.
_SMALLEST_WEIGHT = 1000.0 * torch.finfo(torch.float32).eps


def _resize(
    images: TensorLike,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    target = _require_size(size)
    mode = require_choice("resize", "interpolation", interpolation, (*_TORCH_MODES, *_LANCZOS))
    require_choice("resize", "fill_mode", fill_mode, ("constant",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        allowed = "False beside crop_to_aspect_ratio=True"
        raise refusal("resize", "pad_to_aspect_ratio", pad_to_aspect_ratio, allowed)

    def compute(x: Tensor) -> Tensor:
        if crop_to_aspect_ratio:
            x = _crop_to(x, target)
        elif pad_to_aspect_ratio:
            x = _pad_to(x, target, fill_value)
        return _interpolate(x, target, mode, antialias)

    return map_pictures("resize", images, data_format, lambda x: as_floats(compute, x))


def _require_size(size: Any) -> tuple[int, int]:
    allowed = "(height, width), integers >= 1"
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise refusal("resize", "size", size, allowed)
    height, width = (require_integer("resize", "size", one, allowed, at_least=1) for one in size)
    return height, width


def _other_ratio(x: Tensor, target: tuple[int, int]) -> tuple[int, int]:
    """Return the height for this width and the width for this height at the target's aspect ratio."""
    height, width = x.shape[-2:]
    return int(width * target[0] / target[1]), int(height * target[1] / target[0])


def _crop_to(x: Tensor, target: tuple[int, int]) -> Tensor:
    height, width = x.shape[-2:]
    rows, columns = _other_ratio(x, target)
    rows, columns = max(min(height, rows), 1), max(min(width, columns), 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    return x[..., top : top + rows, left : left + columns]


def _pad_to(x: Tensor, target: tuple[int, int], value: float) -> Tensor:
    rows, columns = _other_ratio(x, target)
    top = (max(x.shape[-2], rows) - x.shape[-2]) // 2
    left = (max(x.shape[-1], columns) - x.shape[-1]) // 2
    return F.pad(x, (left, left, top, top), value=value)


def _interpolate(x: Tensor, size: tuple[int, int], mode: str, antialias: bool) -> Tensor:
    if mode in _LANCZOS:
        scale = [new / old for new, old in zip(size, x.shape[-2:], strict=True)]
        places = (2, 3)
        sizes = (*x.shape[:2], *size)
        return _scale(x, sizes, x.new_tensor(scale), x.new_zeros(2), places, mode, antialias)
    is_smooth = mode != "nearest"
    return F.interpolate(
        x,
        size=size,
        mode=_TORCH_MODES[mode],
        align_corners=False if is_smooth else None,
        antialias=antialias and is_smooth,
    )


def _scale_and_translate(
    images: TensorLike,
    output_shape: Sequence[int],
    scale: TensorLike,
    translation: TensorLike,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Tensor:
    x = to_operand(images)
    kernel = require_choice("scale_and_translate", "method", method, _KERNEL_NAMES)
    scales, shifts = map(to_float, to_one_type(scale, translation))
    if x.is_floating_point():
        return _scale(x, output_shape, scales, shifts, spatial_dims, kernel, antialias)
    made = _scale(x.float(), output_shape, scales, shifts, spatial_dims, kernel, antialias)
    return to_type_of(x, made.round().clamp(x.min(), x.max()))


def _scale(
    x: Tensor,
    output_shape: Sequence[int],
    scales: Tensor,
    shifts: Tensor,
    axes: Sequence[int],
    kernel: str,
    antialias: bool,
) -> Tensor:
    for number, axis in enumerate(axes):
        sizes = (x.shape[axis], output_shape[axis])
        weights = _make_weights(*sizes, scales[number], shifts[number], kernel, antialias)
        x = torch.tensordot(x, weights.to(x), dims=([axis], [0])).movedim(-1, axis)
    return x


def _make_weights(
    size: int, new_size: int, scale: Tensor, shift: Tensor, kernel: str, antialias: bool
) -> Tensor:
    """Return the weight of each old cell in each new one, of shape (size, new_size)."""
    step = 1.0 / scale
    width = step.clamp(min=1.0) if antialias else torch.ones_like(step)
    new_cells = torch.arange(new_size, dtype=scale.dtype, device=scale.device) + 0.5
    places = new_cells * step - shift * step - 0.5
    cells = torch.arange(size, dtype=scale.dtype, device=scale.device)
    weights = _KERNELS[kernel]((places - cells[:, None]).abs() / width)
    total = weights.sum(0, keepdim=True)
    is_counted = (total.abs() > _SMALLEST_WEIGHT) & (places >= -0.5) & (places <= size - 0.5)
    return torch.where(is_counted, weights / torch.where(total != 0, total, 1.0), 0.0)


def _weigh_linear(distance: Tensor) -> Tensor:
    return (1 - distance).clamp(min=0)


def _weigh_cubic(distance: Tensor) -> Tensor:
    """Return Keys's cubic weights, with a = -1/2."""
    near = ((1.5 * distance - 2.5) * distance) * distance + 1.0
    far = ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
    return torch.where(distance >= 2.0, 0.0, torch.where(distance >= 1.0, far, near))


def _weigh_lanczos(radius: int) -> Function:
    def weigh(distance: Tensor) -> Tensor:
        waves = radius * torch.sin(math.pi * distance) * torch.sin(math.pi * distance / radius)
        square = torch.where(distance != 0, (math.pi * distance) ** 2, 1.0)
        weights = torch.where(distance > 1e-3, waves / square, 1.0)
        return torch.where(distance > radius, 0.0, weights)

    return weigh


_KERNELS: dict[str, Function] = {
    "linear": _weigh_linear,
    "cubic": _weigh_cubic,
    "lanczos3": _weigh_lanczos(3),
    "lanczos5": _weigh_lanczos(5),
}
_KERNEL_NAMES = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), "linear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "cubic"),
    **{name: name for name in _LANCZOS},
}

RESIZING: Mapping[str, Function] = {
    "resize": _resize,
    "scale_and_translate": _scale_and_translate,
}
