"""Global pooling layers, which reduce each channel to one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes
from kplug.registry import named


class GlobalPooling(Layer):
    """Base class of the global pooling layers.

    Args:
        keepdims: Whether the pooled axes are kept with size 1.

    Reference:
        Keras's global pooling layers; ``x.amax(axes)`` and ``x.mean(axes)`` of a tensor.
    """

    rank: ClassVar[int]
    pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._spatial = SpatialAxes(type(self).__name__, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self.keepdims = bool(keepdims)

    def call(self, inputs: Tensor) -> Tensor:
        """Return one value of each channel, shape (N, channels)."""
        return self.pool(inputs, self._spatial.positions, self.keepdims)


@named("GlobalMaxPooling1D", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalPooling):
    """Outputs the largest value of each channel over a whole sequence.

    Example:
        >>> GlobalMaxPooling1D()(torch.tensor([[[1.0], [3.0]]]))
        tensor([[3.]])
    """

    rank = 1
    pool = staticmethod(torch.amax)


@named("GlobalMaxPooling2D", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalPooling):
    """Outputs the largest value of each channel over a whole image.

    Example:
        >>> GlobalMaxPooling2D()(torch.tensor([[[[1.0], [3.0]]]]))
        tensor([[3.]])
    """

    rank = 2
    pool = staticmethod(torch.amax)


@named("GlobalMaxPooling3D", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalPooling):
    """Outputs the largest value of each channel over a whole volume.

    Example:
        >>> GlobalMaxPooling3D()(torch.tensor([[[[[1.0], [3.0]]]]]))
        tensor([[3.]])
    """

    rank = 3
    pool = staticmethod(torch.amax)


@named("GlobalAveragePooling1D", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalPooling):
    """Outputs the mean of each channel over a whole sequence.

    Example:
        >>> GlobalAveragePooling1D()(torch.tensor([[[1.0], [3.0]]]))
        tensor([[2.]])
    """

    rank = 1
    casts_integers = True
    pool = staticmethod(torch.mean)
    _makes_masks = False

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the mean of each channel, shape (N, channels).

        Args:
            inputs: Shape (N, time, channels), or (N, channels, time).
            mask: Shape (N, time); only the time steps where it is true count. Of a sample without one
                the mean is 0; Keras says NaN.
        """
        if mask is None:
            return super().call(inputs)
        axes = self._spatial.positions
        counts = mask.bool().unsqueeze(2 if self._spatial.is_channels_last else 1)
        total = inputs.where(counts, 0.0).sum(axes, keepdim=self.keepdims)
        return total / counts.sum(axes, keepdim=self.keepdims).clamp(min=1)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``: no time step is left."""

    trace_masks = compute_mask  # it adds no operation


@named("GlobalAveragePooling2D", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalPooling):
    """Outputs the mean of each channel over a whole image.

    Example:
        >>> GlobalAveragePooling2D()(torch.tensor([[[[1.0], [3.0]]]]))
        tensor([[2.]])
    """

    rank = 2
    casts_integers = True
    pool = staticmethod(torch.mean)


@named("GlobalAveragePooling3D", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalPooling):
    """Outputs the mean of each channel over a whole volume.

    Example:
        >>> GlobalAveragePooling3D()(torch.tensor([[[[[1.0], [3.0]]]]]))
        tensor([[2.]])
    """

    rank = 3
    casts_integers = True
    pool = staticmethod(torch.mean)
