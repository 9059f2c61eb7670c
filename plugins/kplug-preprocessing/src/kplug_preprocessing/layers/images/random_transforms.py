"""Random flips, rotations, translations and zooms of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug import example
from kplug.components.arguments import require_choice, require_number
from kplug.ops import image as image_operations
from kplug_preprocessing.layers.images.base.random_layer import (
    FILL_MODES,
    INTERPOLATIONS,
    RandomImageLayer,
    require_factor,
)

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(RandomImageLayer):
    """Mirrors half of the images in training.

    Args:
        mode: ``"horizontal"`` swaps left and right, ``"vertical"`` top and bottom,
            ``"horizontal_and_vertical"`` both at once.
        seed: The seed of the draws; ``None`` uses torch's generator.

    Example:
        >>> layer = RandomFlip("horizontal", seed=1)
        >>> layer.transform_images(torch.tensor([[[[1.0], [2.0]]]]), {"flips": torch.tensor(True)}).flatten()
        tensor([2., 1.])

    Reference:
        ``keras.layers.RandomFlip``; the draws differ.
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.mode = require_choice(type(self).__name__, "mode", mode, _MODES)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``flips``: for each image, whether it is mirrored."""
        return {"flips": self._draw(images, 0.0, 1.0, images.ndim) <= 0.5}

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images, mirrored where ``flips`` is true."""
        rows, columns = self._axes
        axes = {"horizontal": (columns,), "vertical": (rows,)}.get(self.mode, self._axes)
        return torch.where(transformation["flips"], images.flip(axes), images)


@example({"factor": 0.2})
class RandomRotation(RandomImageLayer):
    """Turns images around their middle in training.

    Args:
        factor: The largest angle in both directions, in parts of a full turn; or the smallest and the
            largest, positive ones against the clock.
        fill_mode: The values outside of the images: ``"reflect"``, ``"wrap"``, ``"constant"`` or
            ``"nearest"``.
        interpolation: ``"nearest"`` or ``"bilinear"``.
        seed: The seed of the draws; ``None`` uses torch's generator.
        fill_value: The outside value of ``"constant"``.

    Example:
        >>> RandomRotation(0.1, seed=1)(torch.ones(2, 4, 4, 1)).shape
        torch.Size([2, 4, 4, 1])

    Reference:
        ``keras.layers.RandomRotation``; the draws differ.
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.factor = require_factor(type(self).__name__, "factor", factor)
        _keep_filling(self, fill_mode, interpolation, fill_value)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``angle``, in degrees, shape (N,), and ``rotation_matrix``, shape (N, 8)."""
        low, high = self.factor
        angle = self._draw(images, 360.0 * low, 360.0 * high, 1)
        return {"angle": angle, "rotation_matrix": self._make_matrix(images, angle)}

    def _make_matrix(self, images: Tensor, angle: Tensor) -> Tensor:
        rows, columns = self._find_size(images)
        y, x = (rows - 1) / 2, (columns - 1) / 2
        turned = angle * (math.pi / 180.0)
        cos, sin = turned.cos(), turned.sin()
        zero = torch.zeros_like(cos)
        shift_x, shift_y = x - x * cos + y * sin, y - x * sin - y * cos
        return torch.stack([cos, -sin, shift_x, sin, cos, shift_y, zero, zero], dim=1)

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images rotated by ``rotation_matrix``."""
        return _apply(self, images, transformation["rotation_matrix"])


@example({"height_factor": 0.2, "width_factor": 0.2})
class RandomTranslation(RandomImageLayer):
    """Moves images in training.

    Args:
        height_factor: The largest way up and down, in parts of the height; or the smallest and the largest
            way down, negative ones up.
        width_factor: The same to the sides; positive ones go right.
        fill_mode: The values outside of the images: ``"reflect"``, ``"wrap"``, ``"constant"`` or
            ``"nearest"``.
        interpolation: ``"nearest"`` or ``"bilinear"``.
        seed: The seed of the draws; ``None`` uses torch's generator.
        fill_value: The outside value of ``"constant"``.

    Example:
        >>> RandomTranslation(0.1, 0.2, seed=1)(torch.ones(2, 4, 4, 1)).shape
        torch.Size([2, 4, 4, 1])

    Reference:
        ``keras.layers.RandomTranslation``; the draws differ.
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        owner = type(self).__name__
        self.height_factor, self.width_factor = height_factor, width_factor
        self._limits = (
            require_factor(owner, "height_factor", height_factor),
            require_factor(owner, "width_factor", width_factor),
        )
        _keep_filling(self, fill_mode, interpolation, fill_value)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``translations``, shape (N, 2): how many pixels each image goes right, and down."""
        rows, columns = self._find_size(images)
        down, right = (
            self._draw(images, low * size, high * size, 2)
            for (low, high), size in zip(self._limits, (rows, columns), strict=True)
        )
        return {"translations": torch.cat([right, down], dim=1)}

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images moved by ``translations``."""
        right, down = torch.as_tensor(transformation["translations"]).unbind(1)
        one, zero = torch.ones_like(right), torch.zeros_like(right)
        matrix = torch.stack([one, zero, -right, zero, one, -down, zero, zero], dim=1)
        return _apply(self, images, matrix)


@example({"height_factor": 0.2})
class RandomZoom(RandomImageLayer):
    """Zooms into images, or out of them, around their middle in training.

    Args:
        height_factor: How much more of the height is seen at most, and how much less; or the smallest and the
            largest part, negative ones zoom in.
        width_factor: The same for the width; ``None`` keeps the ratio.
        fill_mode: The values outside of the images: ``"reflect"``, ``"wrap"``, ``"constant"`` or
            ``"nearest"``.
        interpolation: ``"nearest"`` or ``"bilinear"``.
        seed: The seed of the draws; ``None`` uses torch's generator.
        fill_value: The outside value of ``"constant"``.

    Example:
        >>> RandomZoom(0.1, seed=1)(torch.ones(2, 4, 4, 1)).shape
        torch.Size([2, 4, 4, 1])

    Reference:
        ``keras.layers.RandomZoom``; the draws differ.
    """

    def __init__(
        self,
        height_factor: float | Sequence[float],
        width_factor: float | Sequence[float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        owner = type(self).__name__
        self.height_factor, self.width_factor = height_factor, width_factor
        self._of_height = require_factor(owner, "height_factor", height_factor, is_open=True)
        self._of_width = None
        if width_factor is not None:
            self._of_width = require_factor(owner, "width_factor", width_factor, is_open=True)
        _keep_filling(self, fill_mode, interpolation, fill_value)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``height_zoom`` and ``width_zoom``, shape (N, 1): how much of the images is seen."""
        low, high = self._of_height
        height = self._draw(images, 1.0 + low, 1.0 + high, 2)
        if self._of_width is None:
            return {"height_zoom": height, "width_zoom": height}
        low, high = self._of_width
        return {"height_zoom": height, "width_zoom": self._draw(images, 1.0 + low, 1.0 + high, 2)}

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images zoomed by ``height_zoom`` and ``width_zoom``."""
        rows, columns = self._find_size(images)
        y, x = (torch.as_tensor(transformation[f"{one}_zoom"])[:, 0] for one in ("height", "width"))
        zero = torch.zeros_like(x)
        shift_x, shift_y = (columns - 1) / 2 * (1.0 - x), (rows - 1) / 2 * (1.0 - y)
        return _apply(
            self, images, torch.stack([x, zero, shift_x, zero, y, shift_y, zero, zero], 1)
        )


def _keep_filling(layer: Any, fill_mode: object, interpolation: object, fill_value: object) -> None:
    """Check and store the arguments of interpolation and filling."""
    owner = type(layer).__name__
    layer.fill_mode = require_choice(owner, "fill_mode", fill_mode, FILL_MODES)
    layer.interpolation = require_choice(owner, "interpolation", interpolation, INTERPOLATIONS)
    layer.fill_value = require_number(owner, "fill_value", fill_value)


def _apply(layer: Any, images: Tensor, matrix: Tensor) -> Tensor:
    """Apply projective transforms, given as (N, 8) numbers, to images."""
    moved: Tensor = image_operations.affine_transform(
        images,
        matrix,
        interpolation=layer.interpolation,
        fill_mode=layer.fill_mode,
        fill_value=layer.fill_value,
        data_format=layer.data_format,
    )
    return moved
