"""Layers that put zeros around their inputs."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.backend.windows import pad_spatial
from kplug.layers.base.spatial import SpatialLayer, require_pairs


class ZeroPadding(SpatialLayer):
    """What the padding layers have in common; their arguments are described there."""

    def __init__(self, padding: object = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self._pairs = require_pairs(type(self).__name__, "padding", padding, self.rank)
        self.padding = self._pairs[0] if self.rank == 1 else self._pairs

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the padded inputs, channels second."""
        return pad_spatial(inputs, [(before, after) for before, after in self._pairs])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "padding": self.padding}


class ZeroPadding1D(ZeroPadding):
    """Puts zeros around sequences.

    Args:
        padding: How many before and after: a number for both, or a pair.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``padding`` is something else.

    Example:
        >>> import torch
        >>> ZeroPadding1D((1, 2))(torch.ones(1, 3, 1)).shape
        torch.Size([1, 6, 1])

    Reference:
        ``keras.layers.ZeroPadding1D``; ``torch.nn.ZeroPad1d`` counts from the last axis to the first.
    """

    rank = 1


class ZeroPadding2D(ZeroPadding):
    """Puts zeros around images.

    Args:
        padding: How many: a number for all sides, one for each axis, or ((top, bottom), (left, right)).
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``padding`` is something else.

    Example:
        >>> import torch
        >>> ZeroPadding2D(((1, 0), (2, 2)))(torch.ones(1, 3, 3, 1)).shape
        torch.Size([1, 4, 7, 1])

    Reference:
        ``keras.layers.ZeroPadding2D``; ``torch.nn.ZeroPad2d`` counts from the last axis to the first.
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Puts zeros around volumes.

    Args:
        padding: How many: a number for all sides, one for each axis, or a pair (before, after) for each.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: ``padding`` is something else.

    Example:
        >>> import torch
        >>> ZeroPadding3D((0, 1, 2))(torch.ones(1, 3, 3, 3, 1)).shape
        torch.Size([1, 3, 5, 7, 1])

    Reference:
        ``keras.layers.ZeroPadding3D``; ``torch.nn.ZeroPad3d`` counts from the last axis to the first.
    """

    rank = 3
