"""Pooling layers for sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.sliding_windows import average_pool, max_pool
from kplug.components.arguments import require_choice
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, require_window
from kplug.registry import named


class Pooling(Layer):
    """Base class of the pooling layers.

    Args:
        pool_size: Size of the window on each axis; one number for all.
        strides: Steps of the window, likewise; ``None`` is ``pool_size``.
        padding: ``"valid"`` or ``"same"``; the padding is ignored.

    Reference:
        Keras's pooling layers. torch's pad both sides equally, and their means include the padding by
        default.
    """

    rank: ClassVar[int]
    pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self.pool_size = require_window(owner, "pool_size", pool_size, self.rank)
        steps = self.pool_size if strides is None else strides
        self.strides = require_window(owner, "strides", steps, self.rank)
        self.padding = require_choice(owner, "padding", padding, ("valid", "same"))

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        super()._require_shape(shape, cause)
        reach = self.pool_size if self.padding == "valid" else None
        self._spatial.require_room(self.name, shape, reach, cause)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the pooled inputs, in their layout."""
        return self._spatial.apply(self._pool, inputs)

    def _pool(self, inputs: Tensor) -> Tensor:
        return self.pool(inputs, self.pool_size, self.strides, self.padding)


@named("MaxPooling1D", "MaxPool1D")
class MaxPooling1D(Pooling):
    """Outputs the largest value of each window of sequences.

    Example:
        >>> import torch
        >>> MaxPooling1D()(torch.zeros(1, 28, 3)).shape
        torch.Size([1, 14, 3])
    """

    rank = 1
    pool = staticmethod(max_pool)


@named("MaxPooling2D", "MaxPool2D")
class MaxPooling2D(Pooling):
    """Outputs the largest value of each window of images.

    Example:
        >>> import torch
        >>> MaxPooling2D()(torch.zeros(1, 28, 28, 3)).shape
        torch.Size([1, 14, 14, 3])
    """

    rank = 2
    pool = staticmethod(max_pool)


@named("MaxPooling3D", "MaxPool3D")
class MaxPooling3D(Pooling):
    """Outputs the largest value of each window of volumes.

    Example:
        >>> import torch
        >>> MaxPooling3D()(torch.zeros(1, 8, 8, 8, 3)).shape
        torch.Size([1, 4, 4, 4, 3])
    """

    rank = 3
    pool = staticmethod(max_pool)


@named("AveragePooling1D", "AvgPool1D")
class AveragePooling1D(Pooling):
    """Outputs the mean of each window of sequences.

    Example:
        >>> import torch
        >>> AveragePooling1D(padding="same")(torch.ones(1, 3, 1)).flatten()
        tensor([1., 1.])
    """

    rank = 1
    casts_integers = True
    pool = staticmethod(average_pool)


@named("AveragePooling2D", "AvgPool2D")
class AveragePooling2D(Pooling):
    """Outputs the mean of each window of images.

    Example:
        >>> import torch
        >>> AveragePooling2D(padding="same")(torch.ones(1, 3, 3, 1)).flatten()
        tensor([1., 1., 1., 1.])
    """

    rank = 2
    casts_integers = True
    pool = staticmethod(average_pool)


@named("AveragePooling3D", "AvgPool3D")
class AveragePooling3D(Pooling):
    """Outputs the mean of each window of volumes.

    Example:
        >>> import torch
        >>> AveragePooling3D(padding="same")(torch.ones(1, 3, 3, 3, 1)).flatten()
        tensor([1., 1., 1., 1., 1., 1., 1., 1.])
    """

    rank = 3
    casts_integers = True
    pool = staticmethod(average_pool)
