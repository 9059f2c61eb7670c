"""Random brightness and contrast of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug import example
from kplug.components.arguments import is_number, refusal
from kplug_preprocessing.layers.images.base.random_layer import RandomImageLayer, require_factor


@example({"factor": 0.2})
class RandomContrast(RandomImageLayer):
    """Strengthens or weakens the contrast of images in training.

        (x − mean) · factor + mean, with the mean of each channel of each image, cut off at value_range

    Args:
        factor: How far the factor goes beyond 1; or how far below 1 and how far beyond it, in [0, 1].
        value_range: The smallest and the largest number of the images.
        seed: The seed of the draws; ``None`` uses torch's generator.

    Example:
        >>> import torch
        >>> layer = RandomContrast(0.2, seed=1)
        >>> images = torch.tensor([[[[1.0], [3.0]]]])
        >>> layer.transform_images(images, {"contrast_factor": torch.tensor(2.0)}).flatten()
        tensor([0., 4.])

    Reference:
        ``keras.layers.RandomContrast``; the draws differ. A single number goes to one side only, as in
        Keras, whose documents say that it goes to both.
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.factor = require_factor(type(self).__name__, "factor", factor, lowest=0.0)
        self.value_range = _require_range(type(self).__name__, value_range)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``contrast_factor``, one number for each image."""
        below, beyond = self.factor
        return {"contrast_factor": self._draw(images, 1.0 - below, 1.0 + beyond, images.ndim)}

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images with their contrast times ``contrast_factor``."""
        mean = images.mean(self._axes, keepdim=True)
        changed: Tensor = (images - mean) * transformation["contrast_factor"] + mean
        return changed.clamp(*self.value_range)


@example({"factor": 0.2})
class RandomBrightness(RandomImageLayer):
    """Brightens or darkens images in training.

        x + delta · (highest − lowest), cut off at value_range

    Args:
        factor: The largest delta to both sides; or the smallest and the largest, in [−1, 1].
        value_range: The smallest and the largest number of the images.
        seed: The seed of the draws; ``None`` uses torch's generator.

    Example:
        >>> import torch
        >>> layer = RandomBrightness(0.2, seed=1)
        >>> layer.transform_images(torch.zeros(1, 1, 1, 1), {"rgb_delta": torch.tensor(25.5)}).flatten()
        tensor([25.5000])

    Reference:
        ``keras.layers.RandomBrightness``; the draws differ.
    """

    def __init__(
        self,
        factor: float | Sequence[float],
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        self.factor = require_factor(type(self).__name__, "factor", factor)
        self.value_range = _require_range(type(self).__name__, value_range)

    def _draw_transformation(self, images: Tensor) -> dict[str, Tensor]:
        """Return ``rgb_delta``, one number for each image."""
        lowest, highest = self.value_range
        delta = self._draw(images, *self.factor, images.ndim)
        return {"rgb_delta": delta * (highest - lowest)}

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the images plus ``rgb_delta``."""
        changed: Tensor = images + transformation["rgb_delta"]
        return changed.clamp(*self.value_range)


def _require_range(owner: str, value: Any) -> tuple[float, float]:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(map(is_number, value))
    if not is_pair or value[0] == value[1]:
        raise refusal(owner, "value_range", value, "two different numbers")
    return min(value), max(value)
