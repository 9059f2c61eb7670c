"""Adaptive pooling layers, whose output size is fixed for inputs of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, require_window


class AdaptivePooling(Layer):
    """Base class of the adaptive pooling layers, which split each axis into parts and pool each part.

    Args:
        output_size: Number of parts per axis, n; one number for all axes. Part i covers the cells from
            ⌊i·size/n⌋ up to, but not including, ⌈(i + 1)·size/n⌉.

    Reference:
        Keras's adaptive pooling layers; torch's ``AdaptiveAvgPool1d`` and so on.
    """

    rank: ClassVar[int]
    pool: ClassVar[Callable[..., Any]]
    is_mean: ClassVar[bool] = False

    def __init__(
        self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self.output_size = require_window(owner, "output_size", output_size, self.rank)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the pooled inputs, in their layout."""
        return self._spatial.apply(self._pool, inputs)

    def _pool(self, inputs: Tensor) -> Tensor:
        if torch.compiler.is_exporting():
            return _pool_parts(inputs, self.output_size, is_mean=self.is_mean)
        pooled: Tensor = self.pool(inputs, self.output_size)
        return pooled


def _pool_parts(inputs: Tensor, counts: Sequence[int], *, is_mean: bool) -> Tensor:
    """Return the mean or the largest value of each part, for sizes that vary in a graph, unlike torch's."""
    for axis, count in enumerate(counts, start=2):
        part = torch.arange(count, device=inputs.device).unsqueeze(1)
        cell = torch.arange(inputs.shape[axis], device=inputs.device)
        size = inputs.shape[axis]
        first, end = part * size // count, ((part + 1) * size + count - 1) // count
        is_inside, moved = (cell >= first) & (cell < end), inputs.movedim(axis, -1)
        if is_mean:
            weights = is_inside.to(inputs.dtype)
            pooled = moved @ weights.t() / weights.sum(1)
        else:
            pooled = moved.unsqueeze(-2).where(is_inside, -torch.inf).amax(-1)
        inputs = pooled.movedim(-1, axis)
    return inputs


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Outputs the mean of each of ``output_size`` parts of sequences.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling1D(2)(torch.zeros(1, 6, 3)).shape
        torch.Size([1, 2, 3])
    """

    rank = 1
    casts_integers = is_mean = True
    pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Outputs the mean of each of ``output_size`` parts of images.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling2D(2)(torch.zeros(1, 6, 5, 3)).shape
        torch.Size([1, 2, 2, 3])
    """

    rank = 2
    casts_integers = is_mean = True
    pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Outputs the mean of each of ``output_size`` parts of volumes.

    Example:
        >>> import torch
        >>> AdaptiveAveragePooling3D(2)(torch.zeros(1, 6, 5, 4, 3)).shape
        torch.Size([1, 2, 2, 2, 3])
    """

    rank = 3
    casts_integers = is_mean = True
    pool = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Outputs the largest value of each of ``output_size`` parts of sequences.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling1D(2)(torch.zeros(1, 6, 3)).shape
        torch.Size([1, 2, 3])
    """

    rank = 1
    pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """Outputs the largest value of each of ``output_size`` parts of images.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling2D(2)(torch.zeros(1, 6, 5, 3)).shape
        torch.Size([1, 2, 2, 3])
    """

    rank = 2
    pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """Outputs the largest value of each of ``output_size`` parts of volumes.

    Example:
        >>> import torch
        >>> AdaptiveMaxPooling3D(2)(torch.zeros(1, 6, 5, 4, 3)).shape
        torch.Size([1, 2, 2, 2, 3])
    """

    rank = 3
    pool = staticmethod(F.adaptive_max_pool3d)
