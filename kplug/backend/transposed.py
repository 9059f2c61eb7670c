"""Transposed convolution, the gradient of a convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from kplug.backend.convert import TensorLike, to_tensor
from kplug.backend.global_settings import DataFormat, standardize_data_format
from kplug.backend.sliding_windows import convolve_transposed, pad_spatial, same_padding
from kplug.backend.spatial import from_channels_second, per_axis, to_channels_second
from kplug.components.arguments import require_choice
from kplug.errors import DataError


def conv2d_transpose(
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Sequence[int | None] | torch.Tensor,
    strides: int | Sequence[int] = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: int | Sequence[int] = (1, 1),
) -> torch.Tensor:
    """Return the transposed 2-D convolution: the gradient of a convolution, as a function of ``x``.

    ``output_shape`` includes the batch, whose size may be ``None``. It is required, since a strided
    convolution maps several shapes to one. The kernel (kh, kw, out, in), strides, padding and dilation are
    those of the forward convolution.

    Raises:
        DataError: No convolution maps ``output_shape`` to the shape of ``x``.

    Example:
        >>> image = [[[[1.0], [1.0]], [[1.0], [1.0]]]]
        >>> conv2d_transpose(image, [[[[1.0]]]], (None, 4, 4, 1), 2, "same")[0, :, :, 0]
        tensor([[1., 0., 1., 0.],
                [0., 0., 0., 0.],
                [1., 0., 1., 0.],
                [0., 0., 0., 0.]])
    """
    layout = standardize_data_format(data_format, "conv2d_transpose")
    options = (strides, padding, dilation_rate)
    return _transposed("conv2d_transpose", 2, x, kernel, output_shape, layout, *options)


def conv3d_transpose(
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Sequence[int | None] | torch.Tensor,
    strides: int | Sequence[int] = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> torch.Tensor:
    """Return ``conv2d_transpose`` in three dimensions, with a kernel (kd, kh, kw, out, in)."""
    layout = standardize_data_format(data_format, "conv3d_transpose")
    options = (strides, padding, 1)
    return _transposed("conv3d_transpose", 3, x, kernel, output_shape, layout, *options)


def _transposed(
    name: str,
    rank: int,
    x: TensorLike,
    kernel: TensorLike,
    output_shape: Sequence[Any] | torch.Tensor,
    layout: DataFormat,
    strides: int | Sequence[int],
    padding: str,
    dilation_rate: int | Sequence[int],
) -> torch.Tensor:
    padding = require_choice(name, "padding", padding, ("valid", "same"))
    second, weights = to_channels_second(to_tensor(x), layout), to_tensor(kernel)
    steps, gaps = per_axis(strides, rank), per_axis(dilation_rate, rank)
    sizes = _spatial_sizes(name, rank, output_shape, layout)
    torch_order = weights.permute(rank + 1, rank, *range(rank))
    whole = convolve_transposed(second, torch_order, None, steps, "valid", [0] * rank, gaps)
    cells = []
    for axis in range(rank):
        size, window, step, gap = sizes[axis], weights.shape[axis], steps[axis], gaps[axis]
        before, after = same_padding(size, window, step, gap) if padding == "same" else (0, 0)
        made = (size + before + after - (window - 1) * gap - 1) // step + 1
        if made != second.shape[axis + 2]:
            raise DataError(
                f"{name}: the shape {tuple(output_shape)} does not fit: a convolution makes {made} of "
                f"{size} along axis {axis}, and x has {second.shape[axis + 2]}",
                hint="With padding 'same' the size is input size times stride; with 'valid', that plus "
                "what the window is longer than the stride.",
            )
        # The windows may end before the last cells; the padding's cells are dropped.
        cells.append((-before, size + before - whole.shape[axis + 2]))
    return from_channels_second(pad_spatial(whole, cells), layout)


def _spatial_sizes(
    name: str, rank: int, output_shape: Sequence[Any] | torch.Tensor, layout: DataFormat
) -> list[int]:
    if len(output_shape) != rank + 2:
        raise DataError(
            f"{name}: output_shape has {len(output_shape)} sizes; {rank + 2} are needed, with the "
            "batch and the channels"
        )
    sizes = output_shape[2:] if layout == "channels_first" else output_shape[1:-1]
    return [int(size) for size in sizes]
