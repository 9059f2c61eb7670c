"""Depthwise, separable and locally connected convolutions."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from kplug.backend.convert import TensorLike, to_tensor
from kplug.backend.global_settings import standardize_data_format
from kplug.backend.spatial import (
    conv1d,
    conv2d,
    convolution,
    from_channels_second,
    to_channels_second,
)


def depthwise_conv2d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    strides: int | Sequence[int] = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = (1, 1),
) -> torch.Tensor:
    """Return the 2-D convolution of each channel by itself; the kernel is (kh, kw, in, multiplier).

    The result has in·multiplier channels; those of one input channel are adjacent.
    """
    owner = "depthwise_conv2d"
    return depthwise(owner, x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def depthwise(
    owner: str,
    x: TensorLike,
    kernel: TensorLike,
    strides: int | Sequence[int],
    padding: str,
    data_format: str | None,
    dilation_rate: int | Sequence[int],
) -> torch.Tensor:
    """Return the convolution of each channel by itself, over as many axes as the kernel has."""
    weights = to_tensor(kernel).movedim((-2, -1), (0, 1))  # (in, multiplier, …)
    options = (strides, padding, data_format, dilation_rate)
    return convolution(owner, x, weights.flatten(0, 1).unsqueeze(1), *options, len(weights))


def separable_conv1d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = 1,
) -> torch.Tensor:
    """Return a convolution of each channel by itself, then one of width 1 across the channels.

    The kernels are (k, in, multiplier) and (1, in·multiplier, out); strides and dilation are those of
    the first convolution.
    """
    owner = "separable_conv1d"
    deep = depthwise(owner, x, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv1d(deep, pointwise_kernel, data_format=data_format)


def separable_conv2d(
    x: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: int | Sequence[int] = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = (1, 1),
) -> torch.Tensor:
    """Return ``separable_conv1d`` for images: kernels (kh, kw, in, multiplier) and (1, 1, …, out)."""
    owner = "separable_conv2d"
    deep = depthwise(owner, x, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv2d(deep, pointwise_kernel, data_format=data_format)


def local_conv1d(
    inputs: TensorLike,
    kernel: TensorLike,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    data_format: str | None = None,
) -> torch.Tensor:
    """Return a convolution with a different kernel at each position.

    ``kernel_size`` and ``strides`` hold one number. The kernel is (positions, k·in, out): a window is
    flattened step by step, each with its channels.
    """
    layout = standardize_data_format(data_format, "local_conv1d")
    second = to_channels_second(to_tensor(inputs), layout)
    windows = second.unfold(2, kernel_size[0], strides[0])  # (N, in, places, k)
    flat = windows.permute(0, 2, 3, 1).flatten(2)
    result = torch.einsum("npi,pio->nop", flat, to_tensor(kernel))
    return from_channels_second(result, layout)


def local_conv2d(
    inputs: TensorLike,
    kernel: TensorLike,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> torch.Tensor:
    """Return ``local_conv1d`` for images; ``output_shape`` is (rows, columns) of the result.

    The kernel is (rows·columns, kh·kw·in, out); with channels first a window is flattened channel
    by channel, to in·kh·kw.
    """
    layout = standardize_data_format(data_format, "local_conv2d")
    second = to_channels_second(to_tensor(inputs), layout)
    windows = second.unfold(2, kernel_size[0], strides[0]).unfold(3, kernel_size[1], strides[1])
    rows, columns = output_shape
    windows = windows[:, :, :rows, :columns]  # (N, in, rows, columns, kh, kw)
    order = (0, 2, 3, 1, 4, 5) if layout == "channels_first" else (0, 2, 3, 4, 5, 1)
    flat = windows.permute(order).reshape(windows.shape[0], rows * columns, -1)
    result = torch.einsum("npi,pio->nop", flat, to_tensor(kernel))
    return from_channels_second(result.reshape(*result.shape[:2], rows, columns), layout)
