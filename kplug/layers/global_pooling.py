"""Layers that leave one value of each channel."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.layers.base.spatial import SpatialLayer
from kplug.registry import named


class GlobalPooling(SpatialLayer):
    """What the global pooling layers have in common; their arguments are described there."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = bool(keepdims)
        first = 1 if self._channels_last else 2
        self._axes = tuple(range(first, first + self.rank))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "keepdims": self.keepdims}


class GlobalMaxPooling(GlobalPooling):
    """What the layers of largest values have in common."""

    def call(self, inputs: Tensor) -> Tensor:
        """Return the largest value of each channel, shape (N, channels)."""
        return inputs.amax(self._axes, keepdim=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """What the layers of means have in common."""

    casts_integers = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return the mean of each channel, shape (N, channels)."""
        return inputs.mean(self._axes, keepdim=self.keepdims)


@named("GlobalMaxPooling1D", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMaxPooling):
    """Outputs the largest value of each channel over a whole sequence.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalMaxPooling1D()(torch.tensor([[[1.0], [3.0]]]))
        tensor([[3.]])

    Reference:
        ``keras.layers.GlobalMaxPooling1D``; ``x.amax(1)`` of a tensor.
    """

    rank = 1


@named("GlobalMaxPooling2D", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """Outputs the largest value of each channel over a whole image.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalMaxPooling2D()(torch.tensor([[[[1.0], [3.0]]]]))
        tensor([[3.]])

    Reference:
        ``keras.layers.GlobalMaxPooling2D``; ``x.amax((1, 2))`` of a tensor.
    """

    rank = 2


@named("GlobalMaxPooling3D", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """Outputs the largest value of each channel over a whole volume.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalMaxPooling3D()(torch.tensor([[[[[1.0], [3.0]]]]]))
        tensor([[3.]])

    Reference:
        ``keras.layers.GlobalMaxPooling3D``; ``x.amax((1, 2, 3))`` of a tensor.
    """

    rank = 3


@named("GlobalAveragePooling1D", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAveragePooling):
    """Outputs the mean of each channel over a whole sequence.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalAveragePooling1D()(torch.tensor([[[1.0], [3.0]]]))
        tensor([[2.]])

    Reference:
        ``keras.layers.GlobalAveragePooling1D``; ``x.mean(1)`` of a tensor.
    """

    rank = 1
    _makes_masks = False

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the mean of each channel, shape (N, channels).

        Args:
            inputs: Shape (N, time, channels), or (N, channels, time).
            mask: Shape (N, time); only the times where it is true count.
        """
        if mask is None:
            return super().call(inputs)
        counts = mask.bool().unsqueeze(2 if self._channels_last else 1)
        total = inputs.where(counts, 0.0).sum(self._axes, keepdim=self.keepdims)
        return total / counts.sum(self._axes, keepdim=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Return ``None``: no time is left."""


@named("GlobalAveragePooling2D", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """Outputs the mean of each channel over a whole image.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalAveragePooling2D()(torch.tensor([[[[1.0], [3.0]]]]))
        tensor([[2.]])

    Reference:
        ``keras.layers.GlobalAveragePooling2D``; ``x.mean((1, 2))`` of a tensor.
    """

    rank = 2


@named("GlobalAveragePooling3D", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """Outputs the mean of each channel over a whole volume.

    Args:
        data_format: ``"channels_last"`` or ``"channels_first"``.
        keepdims: Whether axes of size 1 are left in the place of the others.
        kwargs: What every layer takes.

    Example:
        >>> import torch
        >>> GlobalAveragePooling3D()(torch.tensor([[[[[1.0], [3.0]]]]]))
        tensor([[2.]])

    Reference:
        ``keras.layers.GlobalAveragePooling3D``; ``x.mean((1, 2, 3))`` of a tensor.
    """

    rank = 3
