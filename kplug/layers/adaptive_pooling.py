"""Layers that pool to a chosen size, whatever the size of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from kplug.layers.base.spatial import SpatialLayer, require_window

Pool = Callable[..., Any]


class AdaptivePooling(SpatialLayer):
    """What the adaptive pooling layers have in common; their arguments are described there."""

    pool: ClassVar[Pool]

    def __init__(
        self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.output_size = require_window(
            type(self).__name__, "output_size", output_size, self.rank
        )

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the pooled inputs, channels second."""
        pooled: Tensor = self.pool(inputs, self.output_size)
        return pooled

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "output_size": self.output_size}


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Outputs the mean of each part of sequences that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Number of places of the outputs.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling1D(2)(torch.zeros(1, 6, 3)).shape
        torch.Size([1, 2, 3])

    Reference:
        ``keras.layers.AdaptiveAveragePooling1D``; ``torch.nn.AdaptiveAvgPool1d``.
    """

    rank = 1
    casts_integers = True
    pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Outputs the mean of each part of images that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Height and width of the outputs; one number for both.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling2D(2)(torch.zeros(1, 6, 5, 3)).shape
        torch.Size([1, 2, 2, 3])

    Reference:
        ``keras.layers.AdaptiveAveragePooling2D``; ``torch.nn.AdaptiveAvgPool2d``.
    """

    rank = 2
    casts_integers = True
    pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Outputs the mean of each part of volumes that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Three sizes of the outputs; one number for all.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling3D(2)(torch.zeros(1, 6, 5, 4, 3)).shape
        torch.Size([1, 2, 2, 2, 3])

    Reference:
        ``keras.layers.AdaptiveAveragePooling3D``; ``torch.nn.AdaptiveAvgPool3d``.
    """

    rank = 3
    casts_integers = True
    pool = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Outputs the largest value of each part of sequences that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Number of places of the outputs.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling1D(2)(torch.zeros(1, 6, 3)).shape
        torch.Size([1, 2, 3])

    Reference:
        ``keras.layers.AdaptiveMaxPooling1D``; ``torch.nn.AdaptiveMaxPool1d``.
    """

    rank = 1
    pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Outputs the largest value of each part of images that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Height and width of the outputs; one number for both.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling2D(2)(torch.zeros(1, 6, 5, 3)).shape
        torch.Size([1, 2, 2, 3])

    Reference:
        ``keras.layers.AdaptiveMaxPooling2D``; ``torch.nn.AdaptiveMaxPool2d``.
    """

    rank = 2
    pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Outputs the largest value of each part of volumes that are cut into ``output_size`` parts.

    Part i of n covers the cells from ⌊i·size/n⌋ up to, but without, ⌈(i + 1)·size/n⌉.

    Args:
        output_size: Three sizes of the outputs; one number for all.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling3D(2)(torch.zeros(1, 6, 5, 4, 3)).shape
        torch.Size([1, 2, 2, 2, 3])

    Reference:
        ``keras.layers.AdaptiveMaxPooling3D``; ``torch.nn.AdaptiveMaxPool3d``.
    """

    rank = 3
    pool = staticmethod(F.adaptive_max_pool3d)
