"""Layers that make images larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from kplug.arguments import require_choice
from kplug.layers.images import ImageLayer, require_window


class UpSampling2D(ImageLayer):
    """Enlarges images by whole factors.

    Args:
        size: Factors of height and width.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        interpolation: ``"nearest"`` repeats pixels; ``"bilinear"`` uses half-pixel centres, as
            Keras 3 does (Keras 2 used the corners).
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> UpSampling2D((1, 2))(torch.tensor([[[[0.0], [1.0]]]])).flatten()
        tensor([0., 0., 1., 1.])
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = require_window("UpSampling2D", "size", size, 2)
        self.interpolation = require_choice(
            "UpSampling2D", "interpolation", interpolation, ("nearest", "bilinear")
        )
        self._factors = [float(factor) for factor in self.size]

    def compute(self, images: Tensor) -> Tensor:
        """Return the enlarged images, channels second."""
        align = None if self.interpolation == "nearest" else False
        return F.interpolate(
            images, scale_factor=self._factors, mode=self.interpolation, align_corners=align
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "size": self.size, "interpolation": self.interpolation}
