"""Layers that make images smaller, a window at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_choice
from kplug.backend.windows import max_pool
from kplug.layers.images import ImageLayer, require_window


class MaxPooling2D(ImageLayer):
    """Outputs the largest value of each window.

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
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.pool_size = require_window("MaxPooling2D", "pool_size", pool_size, 2)
        steps = self.pool_size if strides is None else strides
        self.strides = require_window("MaxPooling2D", "strides", steps, 2)
        self.padding = require_choice("MaxPooling2D", "padding", padding, ("valid", "same"))

    def compute(self, images: Tensor) -> Tensor:
        """Return the pooled images, channels second."""
        return max_pool(images, self.pool_size, self.strides, self.padding)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }
