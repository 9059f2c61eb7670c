"""Image filters: Gaussian blur, Sobel edges and SSIM."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from kplug.backend import TensorLike
from kplug.backend.global_settings import standardize_data_format
from kplug.backend.sliding_windows import convolve
from kplug.components.arguments import refusal, require_integer
from kplug.errors import DataError
from kplug.ops.operands import Function, to_float, to_one_type
from kplug.ops.pictures.layout import as_floats, map_pictures

# The kernel along the height; its transpose is the kernel along the width.
_SOBEL = ((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0))


def blur(x: Tensor, size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    """Return images (N, channels, height, width) blurred by separable Gaussian kernels."""
    rows, columns = (_make_gaussian(*one, x) for one in zip(size, sigma, strict=True))
    # Separable: a window of 31 x 31 takes 62 products per pixel instead of 961.
    return _filter_channels(_filter_channels(x, rows[:, None]), columns[None])


def _make_gaussian(size: int, sigma: float, like: Tensor) -> Tensor:
    """Return the weights of a centred Gaussian, which sum to 1."""
    places = torch.arange(size, dtype=like.dtype, device=like.device) - (size - 1) / 2
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


def _filter_channels(x: Tensor, kernel: Tensor, padding: str = "same") -> Tensor:
    """Return each channel correlated with one kernel."""
    weights = kernel.expand(x.shape[1], 1, *kernel.shape)
    return convolve(x, weights, None, (1, 1), padding, (1, 1), x.shape[1])


def _gaussian_blur(
    images: TensorLike,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    owner, allowed = "gaussian_blur", "(height, width), integers >= 1"
    if len(kernel_size) != 2:
        raise refusal(owner, "kernel_size", kernel_size, allowed)
    size = [require_integer(owner, "kernel_size", one, allowed, at_least=1) for one in kernel_size]
    widths = [float(one) for one in sigma]
    if len(widths) != 2 or min(widths) <= 0:
        raise refusal(owner, "sigma", sigma, "two numbers > 0, for the width and the height")
    # Keras documents the height first, but uses the width first.
    blurred = functools.partial(blur, size=size, sigma=widths[::-1])
    return map_pictures(owner, images, data_format, functools.partial(as_floats, blurred))


def _sobel_edges(images: TensorLike, data_format: str | None = None) -> Tensor:
    def compute(x: Tensor) -> Tensor:
        down = x.new_tensor(_SOBEL)
        return torch.stack([_filter_channels(x, one) for one in (down, down.mT)], -1)

    def find_edges(x: Tensor) -> Tensor:
        return map_pictures("sobel_edges", x, data_format, compute, (4,))

    return as_floats(find_edges, to_float(images))


def _ssim(
    image1: TensorLike,
    image2: TensorLike,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    first, second = to_one_type(image1, image2)
    if first.shape != second.shape:
        raise DataError(f"ssim: shapes {tuple(first.shape)} and {tuple(second.shape)} differ")
    size = require_integer("ssim", "filter_size", filter_size, "an integer >= 1", at_least=1)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2

    def compare(pair: Tensor) -> Tensor:
        x, y = pair.chunk(2, 1)
        curve = _make_gaussian(size, filter_sigma, x)
        window = torch.outer(curve, curve)
        terms = torch.cat([x, y, x * x, y * y, x * y], 1)
        means = _filter_channels(terms, window, "valid").chunk(5, 1)
        mean_x, mean_y, square_x, square_y, product = means
        spread = square_x - mean_x**2 + square_y - mean_y**2
        common = product - mean_x * mean_y
        likeness = (2 * mean_x * mean_y + c1) * (2 * common + c2)
        return (likeness / ((mean_x**2 + mean_y**2 + c1) * (spread + c2))).mean((1, 2, 3))

    axis = -1 if standardize_data_format(data_format, "ssim") == "channels_last" else -3
    pair = to_float(torch.cat([first, second], axis))
    return map_pictures("ssim", pair, data_format, compare).to(first.dtype)


FILTERS: Mapping[str, Function] = {
    "gaussian_blur": _gaussian_blur,
    "sobel_edges": _sobel_edges,
    "ssim": _ssim,
}
