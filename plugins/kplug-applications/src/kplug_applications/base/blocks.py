"""Layers that several architectures share."""

from __future__ import annotations

from typing import Any

from kplug.layers import Activation, BatchNormalization
from kplug_applications.base.picture_shapes import channel_axis, spatial_sizes


def normalize(x: Any, name: str | None = None, **options: Any) -> Any:
    """Return the batch-normalized tensor."""
    return BatchNormalization(axis=channel_axis(), name=name, **options)(x)


def activate(x: Any, name: str | None = None, activation: Any = "kplug/relu") -> Any:
    """Return the activation of a tensor."""
    return Activation(activation, name=name)(x)


def find_padding(x: Any, kernel_size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the padding before a stride of 2 with which the weights were trained."""
    half = kernel_size // 2
    return tuple(
        (half - (1 if size is None else 1 - size % 2), half) for size in spatial_sizes(x.shape)
    )  # type: ignore[return-value]


def round_channels(channels: float, divisor: int = 8) -> int:
    """Return a number of channels rounded to a multiple of the divisor, at most a tenth smaller."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded
