"""Convolution and pooling, under their ``keras.ops`` names; the input gives the rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import torch.nn.functional as F
from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.global_settings import standardize_data_format
from kplug.backend.separable import depthwise
from kplug.backend.sliding_windows import convolve_transposed
from kplug.backend.spatial import (
    convolution,
    from_channels_second,
    per_axis,
    pool,
    to_channels_second,
    to_torch_order,
)
from kplug.components.arguments import require_choice, require_integer
from kplug.errors import DataError
from kplug.ops.operands import Function, of_one, to_float, to_one_type, to_operand

Numbers: TypeAlias = "int | Sequence[int]"


def _conv(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Numbers = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Numbers = 1,
) -> Tensor:
    x, weights = to_one_type(inputs, kernel)
    x, weights = to_float(x), to_float(weights)
    owner = f"conv{x.ndim - 2}d"
    channels = x.shape[1 if standardize_data_format(data_format, owner) == "channels_first" else -1]
    groups, rest = divmod(channels, weights.shape[-2])
    if rest or weights.ndim != x.ndim:
        raise DataError(
            f"conv: inputs have shape {tuple(x.shape)}, the kernel {tuple(weights.shape)}",
            hint="A kernel has one size an axis, the channels of the inputs (or a part of them), and "
            "the filters.",
        )
    options = (strides, padding, data_format, dilation_rate)
    return convolution(owner, x, to_torch_order(weights), *options, groups)


def _conv_transpose(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Numbers = 1,
    padding: str = "valid",
    output_padding: Numbers | None = None,
    data_format: str | None = None,
    dilation_rate: Numbers = 1,
) -> Tensor:
    x, weights = to_one_type(inputs, kernel)
    layout, rank = standardize_data_format(data_format, "conv_transpose"), x.ndim - 2
    if x.shape[1 if layout == "channels_first" else -1] != weights.shape[-1]:
        raise DataError(
            f"conv_transpose: inputs have shape {tuple(x.shape)}, the kernel {tuple(weights.shape)}",
            hint="A kernel has one size an axis, the filters, and the channels of the inputs.",
        )
    padding = require_choice("conv_transpose", "padding", padding, ("valid", "same"))
    made = convolve_transposed(
        to_channels_second(to_float(x), layout),
        to_float(weights).movedim((-1, -2), (0, 1)),
        None,
        per_axis(strides, rank),
        padding,
        None if output_padding is None else per_axis(output_padding, rank),
        per_axis(dilation_rate, rank),
    )
    return from_channels_second(made, layout)


def _depthwise_conv(
    inputs: TensorLike,
    kernel: TensorLike,
    strides: Numbers = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Numbers = 1,
) -> Tensor:
    x, weights = to_one_type(inputs, kernel)
    options = (strides, padding, data_format, dilation_rate)
    return depthwise("depthwise_conv", to_float(x), to_float(weights), *options)


def _separable_conv(
    inputs: TensorLike,
    depthwise_kernel: TensorLike,
    pointwise_kernel: TensorLike,
    strides: Numbers = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Numbers = 1,
) -> Tensor:
    options = (strides, padding, data_format, dilation_rate)
    deep = _depthwise_conv(inputs, depthwise_kernel, *options)
    return _conv(deep, pointwise_kernel, data_format=data_format)


def _pool(mode: str) -> Function:
    def reduce(
        inputs: TensorLike,
        pool_size: Numbers,
        strides: Numbers | None = None,
        padding: str = "valid",
        data_format: str | None = None,
    ) -> Tensor:
        x = to_operand(inputs)
        return pool(f"{mode}_pool", x.ndim - 2, x, pool_size, strides, padding, data_format, mode)

    return reduce


def _adaptive(functions: Sequence[Callable[..., Any]]) -> Function:
    def reduce(inputs: TensorLike, output_size: Numbers, data_format: str | None = None) -> Tensor:
        x = to_float(inputs)
        layout = standardize_data_format(data_format, "adaptive pooling")
        pooled = functions[x.ndim - 3](
            to_channels_second(x, layout), per_axis(output_size, x.ndim - 2)
        )
        return from_channels_second(pooled, layout)

    return reduce


def _unfold(
    x: Tensor,
    kernel_size: Numbers,
    dilation: Numbers = 1,
    padding: Numbers = 0,
    stride: Numbers = 1,
) -> Tensor:
    return F.unfold(x, kernel_size, dilation, padding, stride)  # type: ignore[arg-type]


def _fold(
    x: Tensor,
    output_size: Numbers,
    kernel_size: Numbers,
    dilation: Numbers = 1,
    padding: Numbers = 0,
    stride: Numbers = 1,
) -> Tensor:
    sizes = per_axis(output_size, 2)
    return F.fold(x, sizes, kernel_size, dilation, padding, stride)  # type: ignore[arg-type]


def _depth_to_space(
    x: Tensor, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    require_integer("depth_to_space", "block_size", block_size, "an integer >= 2", at_least=2)
    layout = standardize_data_format(data_format, "depth_to_space")
    second = to_channels_second(x, layout)
    batch, channels, rows, columns = second.shape
    # The block's channels come first, as in TensorFlow; in torch's pixel_shuffle they come last.
    blocks = second.reshape(batch, block_size, block_size, -1, rows, columns)
    made = blocks.permute(0, 3, 4, 1, 5, 2).reshape(
        batch, channels // block_size**2, rows * block_size, columns * block_size
    )
    return from_channels_second(made, layout)


def _space_to_depth(
    x: Tensor, block_size: int, data_format: str | None = "channels_last"
) -> Tensor:
    require_integer("space_to_depth", "block_size", block_size, "an integer >= 2", at_least=2)
    layout = standardize_data_format(data_format, "space_to_depth")
    second = to_channels_second(x, layout)
    batch, channels, rows, columns = second.shape
    rows, columns = rows // block_size, columns // block_size
    blocks = second.reshape(batch, channels, rows, block_size, columns, block_size)
    made = blocks.permute(0, 3, 5, 1, 2, 4).reshape(batch, channels * block_size**2, rows, columns)
    return from_channels_second(made, layout)


_AVERAGES = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
_LARGEST = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)

WINDOWS: Mapping[str, Function] = {
    "adaptive_average_pool": _adaptive(_AVERAGES),
    "adaptive_max_pool": _adaptive(_LARGEST),
    "average_pool": _pool("avg"),
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "depth_to_space": of_one(_depth_to_space),
    "depthwise_conv": _depthwise_conv,
    "fold": of_one(_fold),
    "max_pool": _pool("max"),
    "separable_conv": _separable_conv,
    "space_to_depth": of_one(_space_to_depth),
    "unfold": of_one(_unfold),
}
