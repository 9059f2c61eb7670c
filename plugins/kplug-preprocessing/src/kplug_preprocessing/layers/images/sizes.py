"""Layers that resize or crop images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug import example
from kplug.backend import standardize_data_format
from kplug.components.arguments import require_choice, require_flag, require_integer, require_number
from kplug.errors import ArgumentError
from kplug.layers import Layer
from kplug.ops import image as image_operations
from kplug_preprocessing.layers.images.base.random_layer import (
    IMAGES,
    RandomImageLayer,
    find_image_axes,
)

_SIZE = {"height": 2, "width": 2}


def _draw_images() -> tuple[torch.Tensor]:
    return (torch.linspace(0, 255, 4 * 6 * 8 * 3).reshape(4, 6, 8, 3),)


_example = example(_SIZE, inputs=_draw_images)
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _require_side(owner: str, argument: str, value: object) -> int:
    return require_integer(owner, argument, value, "an integer >= 1", at_least=1)


@example(
    _SIZE,
    inputs=_draw_images,
    leave_out={"idle": "with `pad_to_aspect_ratio` alone is there anything to fill"},
)
class Resizing(Layer):
    """Resizes images.

    Args:
        height: Number of rows of the outputs.
        width: Number of columns.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos3"`` or ``"lanczos5"``.
        crop_to_aspect_ratio: Whether to crop around the centre first, to avoid distortion.
        pad_to_aspect_ratio: Whether to pad first, to avoid distortion.
        fill_mode: ``"constant"``, the mode of the padding.
        fill_value: The value of the padding.
        antialias: Whether shrinking averages over all pixels of the inputs.
        data_format: ``"channels_last"``: images (N, rows, columns, channels), or one without N;
            ``"channels_first"``: (N, channels, rows, columns); ``None``: ``image_data_format()``.

    Raises:
        ArgumentValueError: An argument is outside its range.
        ArgumentError: Both aspect ratio options are set.

    Example:
        >>> Resizing(2, 3)(torch.ones(1, 4, 6, 3)).shape
        torch.Size([1, 2, 3, 3])

    Reference:
        ``keras.layers.Resizing``. Integers stay integers, rounded and clipped to the range of their type.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.height = _require_side(owner, "height", height)
        self.width = _require_side(owner, "width", width)
        self.interpolation = require_choice(owner, "interpolation", interpolation, _INTERPOLATIONS)
        self.crop_to_aspect_ratio = require_flag(
            owner, "crop_to_aspect_ratio", crop_to_aspect_ratio
        )
        self.pad_to_aspect_ratio = require_flag(owner, "pad_to_aspect_ratio", pad_to_aspect_ratio)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ArgumentError("Resizing either crops or pads to the aspect ratio, got both")
        self.fill_mode = require_choice(owner, "fill_mode", fill_mode, ("constant",))
        self.fill_value = require_number(owner, "fill_value", fill_value)
        self.antialias = require_flag(owner, "antialias", antialias)
        self.data_format = standardize_data_format(data_format, owner)
        self.input_spec = IMAGES

    def call(self, images: Tensor) -> Tensor:
        """Return the resized images in their layout and type."""
        resized: Tensor = image_operations.resize(
            images,
            (self.height, self.width),
            interpolation=self.interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        return resized


def _crop_middle(images: Tensor, size: tuple[int, int], axes: tuple[int, int]) -> Tensor:
    for axis, cells in zip(axes, size, strict=True):
        images = images.narrow(axis, (images.shape[axis] - cells) // 2, cells)
    return images


def _fit(images: Tensor, size: tuple[int, int], data_format: str) -> Tensor:
    """Crop images around the middle to the aspect ratio of a size, and resize them to it."""
    fitted: Tensor = image_operations.resize(
        images, size, crop_to_aspect_ratio=True, data_format=data_format
    )
    return fitted


@_example
class CenterCrop(Layer):
    """Cuts the middle out of images; smaller ones are enlarged first.

    Args:
        height: Number of rows of the outputs.
        width: Number of columns.
        data_format: ``"channels_last"``: images (N, rows, columns, channels), or one without N;
            ``"channels_first"``: (N, channels, rows, columns); ``None``: ``image_data_format()``.

    Raises:
        ArgumentValueError: An argument is outside its range.

    Example:
        >>> CenterCrop(1, 2)(torch.arange(16.0).reshape(1, 4, 4, 1)).flatten()
        tensor([5., 6.])

    Reference:
        ``keras.layers.CenterCrop``.
    """

    casts_integers = True

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.height = _require_side(owner, "height", height)
        self.width = _require_side(owner, "width", width)
        self.data_format = standardize_data_format(data_format, owner)
        self._axes = find_image_axes(self.data_format)
        self.input_spec = IMAGES

    def call(self, images: Tensor) -> Tensor:
        """Return the middle of the images as floats, in their layout."""
        size = (self.height, self.width)
        if all(images.shape[axis] >= cells for axis, cells in zip(self._axes, size, strict=True)):
            return _crop_middle(images, size, self._axes)
        return _fit(images, size, self.data_format)


@_example
class RandomCrop(RandomImageLayer):
    """Cuts a part out of images, in training at a random place, the same for a batch.

    In inference, and for images not larger on both axes, it crops around the centre to the outputs' aspect
    ratio and resizes to their size.

    Args:
        height: Number of rows of the outputs.
        width: Number of columns.
        seed: The seed of the draws; ``None`` uses torch's generator.

    Raises:
        ArgumentValueError: An argument is outside its range.

    Example:
        >>> RandomCrop(1, 2, seed=0)(torch.arange(16.0).reshape(1, 4, 4, 1)).shape
        torch.Size([1, 1, 2, 1])

    Reference:
        ``keras.layers.RandomCrop``. Keras documents the same for inference; its code leaves the
        images unchanged.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, data_format, **kwargs)
        owner = type(self).__name__
        self.height = _require_side(owner, "height", height)
        self.width = _require_side(owner, "width", width)

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """Return a part of the images as floats, in their layout."""
        rows, columns = self._find_size(images)
        if training and rows > self.height and columns > self.width and not images.is_meta:
            return self.transform_images(images, self.get_random_transformation(images))
        return _fit(images, (self.height, self.width), self.data_format)

    def _draw_transformation(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the first row and column of the part."""
        rows, columns = self._find_size(images)
        top, left = (
            self._draw(images[:1] if images.ndim == 4 else images, 0.0, float(room), 1)[0].long()
            for room in (rows - self.height + 1, columns - self.width + 1)
        )
        return top, left

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        """Return the part of the images that begins at a row and a column."""
        for axis, start, cells in zip(
            self._axes, transformation, (self.height, self.width), strict=True
        ):
            # The start stays on the device, to avoid a synchronization.
            places = torch.arange(cells, device=images.device) + torch.as_tensor(start).to(
                images.device
            )
            images = images.index_select(axis, places)
        return images
