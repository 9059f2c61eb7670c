"""Convolution and pooling with Keras's padding and layouts, in one to three dimensions.

Callers keep their layout; torch computes with the channels second. For ``channels_last`` the
conversion is a view, since torch's ``channels_last`` memory format matches it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from kplug.backend.convert import TensorLike, to_tensor
from kplug.backend.global_settings import DataFormat, standardize_data_format
from kplug.backend.sliding_windows import average_pool, convolve, enlarge, max_pool, pad_spatial
from kplug.components.arguments import require_choice


def to_channels_second(x: torch.Tensor, data_format: DataFormat) -> torch.Tensor:
    """Return a view of ``x`` in torch's layout, (N, channels, …)."""
    return x if data_format == "channels_first" else x.movedim(-1, 1)


def from_channels_second(x: torch.Tensor, data_format: DataFormat) -> torch.Tensor:
    """Return a view of ``x`` (N, channels, …) in the given layout."""
    return x if data_format == "channels_first" else x.movedim(1, -1)


def convolution(
    owner: str,
    x: TensorLike,
    weights: torch.Tensor,
    strides: int | Sequence[int],
    padding: str,
    data_format: str | None,
    dilation_rate: int | Sequence[int],
    groups: int = 1,
) -> torch.Tensor:
    """Return a convolution in Keras's layout with weights in torch's order, (filters, in/groups, …)."""
    layout, rank = standardize_data_format(data_format, owner), weights.ndim - 2
    paddings = ("valid", "same", "causal") if owner == "conv1d" else ("valid", "same")
    padding = require_choice(owner, "padding", padding, paddings)
    second = to_channels_second(to_tensor(x), layout)
    steps, gaps = per_axis(strides, rank), per_axis(dilation_rate, rank)
    return from_channels_second(
        convolve(second, weights, None, steps, padding, gaps, groups), layout
    )


def to_torch_order(kernel: TensorLike) -> torch.Tensor:
    """Return a view of a kernel (…, in, out) in torch's order, (out, in, …)."""
    return to_tensor(kernel).movedim((-1, -2), (0, 1))


def per_axis(value: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """Return one number for each of ``rank`` axes."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


def conv1d(
    x: TensorLike,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> torch.Tensor:
    """Return the 1-D convolution with a kernel of Keras's shape (k, in, out)."""
    options = (strides, padding, data_format, dilation_rate)
    return convolution("conv1d", x, to_torch_order(kernel), *options)


def conv2d(
    x: TensorLike,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> torch.Tensor:
    """Return the 2-D convolution with a kernel of Keras's shape (kh, kw, in, out)."""
    options = (strides, padding, data_format, dilation_rate)
    return convolution("conv2d", x, to_torch_order(kernel), *options)


def conv3d(
    x: TensorLike,
    kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> torch.Tensor:
    """Return the 3-D convolution with a kernel of Keras's shape (kd, kh, kw, in, out)."""
    options = (strides, padding, data_format, dilation_rate)
    return convolution("conv3d", x, to_torch_order(kernel), *options)


def pool(
    name: str,
    rank: int,
    x: TensorLike,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: str,
    data_format: str | None,
    pool_mode: str,
) -> torch.Tensor:
    """Return the largest (``'max'``) or mean (``'avg'``) value of each window, over ``rank`` axes."""
    layout = standardize_data_format(data_format, name)
    padding = require_choice(name, "padding", padding, ("valid", "same"))
    pool_mode = require_choice(name, "pool_mode", pool_mode, ("max", "avg"))
    reduce = max_pool if pool_mode == "max" else average_pool
    second = to_channels_second(to_tensor(x), layout)
    window = per_axis(pool_size, rank)
    steps = window if strides is None else per_axis(strides, rank)
    pooled = reduce(second, window, steps, padding)
    return from_channels_second(pooled, layout)


def pool2d(
    x: TensorLike,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> torch.Tensor:
    """Return the largest (``'max'``) or mean (``'avg'``) value of each 2-D window.

    ``strides`` defaults to 1, unlike in the layers, which default to the window's size; ``None`` uses
    the window's size.
    """
    return pool("pool2d", 2, x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: TensorLike,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> torch.Tensor:
    """Return the largest (``'max'``) or mean (``'avg'``) value of each 3-D window; see ``pool2d``."""
    return pool("pool3d", 3, x, pool_size, strides, padding, data_format, pool_mode)


def temporal_padding(x: TensorLike, padding: tuple[int, int] = (1, 1)) -> torch.Tensor:
    """Return ``x`` of shape (N, time, features) with zeros before and after."""
    return F.pad(to_tensor(x), (0, 0, *padding))


def spatial_2d_padding(
    x: TensorLike,
    padding: Sequence[tuple[int, int]] = ((1, 1), (1, 1)),
    data_format: str | None = None,
) -> torch.Tensor:
    """Return images with zeros around them; ``padding`` is ((top, bottom), (left, right))."""
    layout = standardize_data_format(data_format, "spatial_2d_padding")
    second = to_channels_second(to_tensor(x), layout)
    return from_channels_second(pad_spatial(second, padding), layout)


def spatial_3d_padding(
    x: TensorLike,
    padding: Sequence[tuple[int, int]] = ((1, 1), (1, 1), (1, 1)),
    data_format: str | None = None,
) -> torch.Tensor:
    """Return volumes with zeros around them; ``padding`` has (before, after) for each axis."""
    layout = standardize_data_format(data_format, "spatial_3d_padding")
    second = to_channels_second(to_tensor(x), layout)
    return from_channels_second(pad_spatial(second, padding), layout)


def resize_volumes(
    x: TensorLike,
    depth_factor: int,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
) -> torch.Tensor:
    """Return volumes enlarged by whole factors, each cell repeated."""
    layout = standardize_data_format(data_format, "resize_volumes")
    second = to_channels_second(to_tensor(x), layout)
    factors = (depth_factor, height_factor, width_factor)
    return from_channels_second(enlarge(second, factors, 2), layout)


def resize_images(
    x: TensorLike,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> torch.Tensor:
    """Return images enlarged by whole factors.

    ``'nearest'`` repeats pixels; ``'bilinear'`` interpolates between half-pixel centres.
    """
    layout = standardize_data_format(data_format, "resize_images")
    choices = ("nearest", "bilinear")
    interpolation = require_choice("resize_images", "interpolation", interpolation, choices)
    second = to_channels_second(to_tensor(x), layout)
    factors = (float(height_factor), float(width_factor))
    align = None if interpolation == "nearest" else False
    resized = F.interpolate(second, scale_factor=factors, mode=interpolation, align_corners=align)
    return from_channels_second(resized, layout)
