"""Padding, convolution and pooling over one, two or three axes.

Channels come second, as in torch. Callers convert Keras's layouts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

_CONVOLUTIONS: dict[int, Callable[..., torch.Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Callable[..., torch.Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}
_MAX_POOLS: dict[int, Callable[..., Any]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE_POOLS: dict[int, Callable[..., Any]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return how many cells padding ``'same'`` adds before and after one axis.

    total = max((⌈size/stride⌉ − 1)·stride + (window − 1)·dilation + 1 − size, 0); the larger
    half goes after. torch's own ``padding='same'`` refuses strides.

    Example:
        >>> same_padding(6, window=3, stride=2)
        (0, 1)
    """
    reach = (window - 1) * dilation + 1
    if stride == 1:
        return (reach - 1) // 2, reach // 2
    total = (-(-size // stride) - 1) * stride + reach - size
    total = max(total, 0) if type(total) is int else torch.sym_max(total, 0)  # type: ignore[no-untyped-call]
    return total // 2, total - total // 2


def same_paddings(
    sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]
) -> list[tuple[int, int]]:
    """Return ``same_padding`` for each axis."""
    return [same_padding(*one) for one in zip(sizes, window, strides, dilation, strict=True)]


def pad_spatial(
    x: torch.Tensor, paddings: Sequence[tuple[int, int]], value: float = 0.0
) -> torch.Tensor:
    """Return ``x`` of shape (N, channels, …) with cells of ``value`` around its last axes."""
    if all(type(cells) is int and not cells for pair in paddings for cells in pair):
        return x
    # F.pad counts from the last axis to the first.
    flat = [cells for pair in reversed(paddings) for cells in pair]
    return F.pad(x, flat, value=value)


def _are_even(paddings: Sequence[tuple[int, int]]) -> bool:
    """Return whether both ends get as many cells; False where sizes vary, in graphs for export."""
    return all(type(before) is type(after) is int and before == after for before, after in paddings)


def convolve(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    strides: Sequence[int],
    padding: str,
    dilation: Sequence[int],
    groups: int = 1,
) -> torch.Tensor:
    """Return the convolution of a tensor (N, channels, …) as (N, filters, …).

    Strides and dilation are one number per axis. The kernel has torch's order, (filters,
    channels/groups, …). ``padding`` may be ``'causal'`` for one axis.
    """
    window = kernel.shape[2:]
    if _skips_pixels(x, window, strides):
        return _CONVOLUTIONS[len(window)](_take_every(x, strides), kernel, bias, groups=groups)
    if padding == "valid":
        cells = [(0, 0)] * len(window)
    elif padding == "causal":
        cells = [(dilation[0] * (window[0] - 1), 0)]
    else:
        cells = same_paddings(x.shape[2:], window, strides, dilation)
    if not _are_even(cells):
        x, cells = pad_spatial(x, cells), [(0, 0)] * len(window)
    # torch pads equally on both sides itself, without a copy.
    both = [before for before, _ in cells]
    if x.shape[1] == 1 and strides[-1] > 1 and isinstance(x.shape[-1], int):
        reach = (window[-1] - 1) * dilation[-1] + 1
        if x.shape[-1] + 2 * both[-1] - reach < strides[-1]:
            x, kernel = _without_channels_last(x), _without_channels_last(kernel)
    return _CONVOLUTIONS[len(window)](x, kernel, bias, strides, both, dilation, groups)


def _skips_pixels(x: torch.Tensor, window: Sequence[int], strides: Sequence[int]) -> bool:
    """Return whether a kernel of one cell has strides on a CPU.

    On processors with AVX2 and without AVX-512, oneDNN (of torch 2.13) reads beyond the input for the
    gradient of such a kernel: now and then the numbers are wrong, or the process ends.
    """
    return max(window) == 1 < max(strides) and x.device.type == "cpu"


def _take_every(x: torch.Tensor, strides: Sequence[int]) -> torch.Tensor:
    """Return the cells that strides stop at."""
    return x[tuple(slice(None, None, step) for step in (1, 1, *strides))]


def _set_apart(x: torch.Tensor, strides: Sequence[int], after: Sequence[int]) -> torch.Tensor:
    """Return the cells with zeros between them, so that strides stop at them, and some zeros at the end."""
    for axis, (step, cells) in enumerate(zip(strides, after, strict=True), start=2):
        last = x.ndim - axis - 1  # F.pad counts from the last axis
        x = F.pad(x.unsqueeze(axis + 1), [0, 0] * last + [0, step - 1]).flatten(axis, axis + 1)
        x = F.pad(x, [0, 0] * last + [0, cells - (step - 1)])
    return x


def _without_channels_last(x: torch.Tensor) -> torch.Tensor:
    """Return a view of a one-channel tensor with channels-second strides.

    Both layouts share the same memory order. oneDNN (of torch 2.13) uses another path for channels-last
    strides, which writes only the first row where outputs are 1 wide and strides are larger.
    """
    return x.squeeze(1).unsqueeze(1)


def transposed_crop(
    window: int, stride: int, padding: str, output_padding: int | None, dilation: int = 1
) -> tuple[int, int]:
    """Return how many cells to crop from a transposed convolution before and after one axis.

    The whole has (size − 1)·stride + reach cells, where reach = (window − 1)·dilation + 1. With
    ``output_padding=None``, ``'same'`` leaves size·stride of them and ``'valid'`` makes them that
    many at least. Else ``'same'`` cuts ⌊reach/2⌋ off both ends, and that many less after as
    ``output_padding`` says. A negative number adds that many zeros.

    Example:
        >>> transposed_crop(3, 2, "same", None)
        (0, 1)
    """
    reach = (window - 1) * dilation + 1
    if padding == "valid":
        return 0, -(max(stride - reach, 0) if output_padding is None else output_padding)
    total = reach - stride if output_padding is None else reach // 2 * 2 - output_padding
    before = max(total // 2, 0)
    return before, total - before


def convolve_transposed(
    x: torch.Tensor,
    kernel: torch.Tensor,
    bias: torch.Tensor | None,
    strides: Sequence[int],
    padding: str,
    output_padding: Sequence[int] | None,
    dilation: Sequence[int],
) -> torch.Tensor:
    """Return the transposed convolution of a tensor (N, in, …) as (N, filters, …).

    Strides, dilation and output padding (or ``None``) are one number per axis. The kernel has torch's
    order, (in, filters, …).
    """
    window = kernel.shape[2:]
    added = [None] * len(window) if output_padding is None else output_padding
    crops = [
        transposed_crop(size, step, padding, cells, gap)
        for size, step, cells, gap in zip(window, strides, added, dilation, strict=True)
    ]
    # torch crops both ends equally, and pads the end before it adds the bias.
    both = [max(min(crop), 0) for crop in crops]
    gained = [max(-after, 0) for _, after in crops]
    if _skips_pixels(x, window, strides) and all(map(operator.lt, gained, strides)):
        made = _set_apart(_TRANSPOSED[len(window)](x, kernel), strides, gained)
        return made if bias is None else made + bias.view(-1, *[1] * len(window))
    made = _TRANSPOSED[len(window)](x, kernel, bias, strides, both, gained, 1, dilation)
    for axis, ((before, after), done) in enumerate(zip(crops, both, strict=True), start=2):
        first, last = before - done, max(after - done, 0)
        if first or last:
            made = made.narrow(axis, first, made.shape[axis] - first - last)
    return made


def max_pool(
    x: torch.Tensor, window: Sequence[int], strides: Sequence[int], padding: str
) -> torch.Tensor:
    """Return the largest value of each window; cells that ``'same'`` adds never win."""
    if (
        len(window) == 1 and torch.compiler.is_exporting()
    ):  # torch's kernel fixes the size of the axis
        return max_pool(x.unsqueeze(2), (1, *window), (1, *strides), padding).squeeze(2)
    function = _MAX_POOLS[x.ndim - 2]
    if padding == "same":
        cells = same_paddings(x.shape[2:], window, strides, [1] * len(window))
        if _are_even(cells):
            return function(x, window, strides, [before for before, _ in cells])  # type: ignore[no-any-return]
        lowest = -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min
        x = pad_spatial(x, cells, value=lowest)
    return function(x, window, strides)  # type: ignore[no-any-return]


def average_pool(
    x: torch.Tensor, window: Sequence[int], strides: Sequence[int], padding: str
) -> torch.Tensor:
    """Return the mean of each window, taken over the real cells only."""
    function = _AVERAGE_POOLS[x.ndim - 2]
    if padding == "valid":
        return function(x, window, strides)  # type: ignore[no-any-return]
    cells = same_paddings(x.shape[2:], window, strides, [1] * len(window))
    if _are_even(cells):
        both = [before for before, _ in cells]
        return function(x, window, strides, both, count_include_pad=False)  # type: ignore[no-any-return]
    real = pad_spatial(torch.ones_like(x[:1, :1]), cells)
    counts = _sum_pool(real, window, strides)
    return _sum_pool(pad_spatial(x, cells), window, strides) / counts


def _sum_pool(x: torch.Tensor, window: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
    """Return the sum of each window; one axis is treated as images of height 1, which torch requires."""
    if len(window) == 1:
        return _sum_pool(x.unsqueeze(2), (1, *window), (1, *strides)).squeeze(2)
    pool = _AVERAGE_POOLS[len(window)]
    return pool(x, window, strides, divisor_override=1)  # type: ignore[no-any-return]


def enlarge(x: torch.Tensor, factors: Sequence[int], first_axis: int) -> torch.Tensor:
    """Return ``x`` with its cells repeated by one factor per axis, from ``first_axis`` on.

    It makes a single copy for any number of axes.

    Example:
        >>> enlarge(torch.tensor([[1, 2]]), (2, 2), 0)
        tensor([[1, 1, 2, 2],
                [1, 1, 2, 2]])
    """
    sizes = list(x.shape)
    spread: list[int] = sizes[:first_axis]
    for axis, factor in enumerate(factors, start=first_axis):
        x = x.unsqueeze(2 * axis - first_axis + 1)
        spread += [sizes[axis], factor]
        sizes[axis] *= factor
    spread += sizes[first_axis + len(factors) :]
    return x.expand(spread).reshape(sizes)
