"""Layers that make sequences, images and volumes smaller, a window at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_choice
from kplug.backend.windows import average_pool, max_pool
from kplug.layers.base.spatial import SpatialLayer, require_window
from kplug.registry import named


class Pooling(SpatialLayer):
    """What the pooling layers have in common; their arguments are described there."""

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        owner = type(self).__name__
        self.pool_size = require_window(owner, "pool_size", pool_size, self.rank)
        steps = self.pool_size if strides is None else strides
        self.strides = require_window(owner, "strides", steps, self.rank)
        self.padding = require_choice(owner, "padding", padding, ("valid", "same"))

    def find_reach(self) -> tuple[int, ...] | None:
        """Return the size of the window; None if the inputs are padded."""
        return self.pool_size if self.padding == "valid" else None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }


class MaxPooling(Pooling):
    """What the layers of largest values have in common."""

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the largest values, channels second."""
        return max_pool(inputs, self.pool_size, self.strides, self.padding)


class AveragePooling(Pooling):
    """What the layers of means have in common."""

    casts_integers = True

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the means, channels second."""
        return average_pool(inputs, self.pool_size, self.strides, self.padding)


@named("MaxPooling1D", "MaxPool1D")
class MaxPooling1D(MaxPooling):
    """Outputs the largest value of each window of sequences.

    Args:
        pool_size: Length of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added never win.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> MaxPooling1D()(torch.zeros(1, 28, 3)).shape
        torch.Size([1, 14, 3])

    Reference:
        ``keras.layers.MaxPooling1D``; ``torch.nn.MaxPool1d`` cannot pad one side more than the other.
    """

    rank = 1


@named("MaxPooling2D", "MaxPool2D")
class MaxPooling2D(MaxPooling):
    """Outputs the largest value of each window of images.

    Args:
        pool_size: Height and width of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added never win.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> MaxPooling2D()(torch.zeros(1, 28, 28, 3)).shape
        torch.Size([1, 14, 14, 3])

    Reference:
        ``keras.layers.MaxPooling2D``; ``torch.nn.MaxPool2d`` cannot pad one side more than the other.
    """

    rank = 2


@named("MaxPooling3D", "MaxPool3D")
class MaxPooling3D(MaxPooling):
    """Outputs the largest value of each window of volumes.

    Args:
        pool_size: Depth, height and width of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added never win.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> MaxPooling3D()(torch.zeros(1, 8, 8, 8, 3)).shape
        torch.Size([1, 4, 4, 4, 3])

    Reference:
        ``keras.layers.MaxPooling3D``; ``torch.nn.MaxPool3d`` cannot pad one side more than the other.
    """

    rank = 3


@named("AveragePooling1D", "AvgPool1D")
class AveragePooling1D(AveragePooling):
    """Outputs the mean of each window of sequences.

    Args:
        pool_size: Length of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added do not count.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AveragePooling1D(padding="same")(torch.ones(1, 3, 1)).flatten()
        tensor([1., 1.])

    Reference:
        ``keras.layers.AveragePooling1D``; ``torch.nn.AvgPool1d`` pads both sides alike and counts
        the added cells unless it is told not to.
    """

    rank = 1


@named("AveragePooling2D", "AvgPool2D")
class AveragePooling2D(AveragePooling):
    """Outputs the mean of each window of images.

    Args:
        pool_size: Height and width of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added do not count.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AveragePooling2D(padding="same")(torch.ones(1, 3, 3, 1)).flatten()
        tensor([1., 1., 1., 1.])

    Reference:
        ``keras.layers.AveragePooling2D``; ``torch.nn.AvgPool2d`` pads both sides alike and counts
        the added cells unless it is told not to.
    """

    rank = 2


@named("AveragePooling3D", "AvgPool3D")
class AveragePooling3D(AveragePooling):
    """Outputs the mean of each window of volumes.

    Args:
        pool_size: Depth, height and width of the window.
        strides: Steps of the window; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; cells that are added do not count.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> AveragePooling3D(padding="same")(torch.ones(1, 3, 3, 3, 1)).flatten()
        tensor([1., 1., 1., 1., 1., 1., 1., 1.])

    Reference:
        ``keras.layers.AveragePooling3D``; ``torch.nn.AvgPool3d`` pads both sides alike and counts
        the added cells unless it is told not to.
    """

    rank = 3
