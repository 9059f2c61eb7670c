"""Base class of the random augmentation layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import standardize_data_format
from kplug.components.arguments import is_number, refusal
from kplug.layers import InputSpec, Layer, make_seeded_generator

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
# One image, or several.
IMAGES = InputSpec(min_ndim=3, max_ndim=4)


def find_image_axes(data_format: str) -> tuple[int, int]:
    """Return the axes of the rows and of the columns, counted from the end."""
    return (-3, -2) if data_format == "channels_last" else (-2, -1)


class RandomImageLayer(Layer):
    """Changes each image at random in training, and passes images unchanged otherwise.

    A new layer is in training mode: called directly it changes images, as in Keras. ``predict`` and
    ``evaluate`` of a model, ``layer.eval()`` and ``training=False`` disable it.

    Args:
        seed: The seed of the draws; ``None`` uses torch's generator.
        data_format: ``"channels_last"``: images (N, rows, columns, channels), or one without N;
            ``"channels_first"``: (N, channels, rows, columns); ``None``: ``image_data_format()``.

    Raises:
        ArgumentValueError: An argument is outside its range.
    """

    casts_integers = True

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.data_format = standardize_data_format(data_format, owner)
        self.seed, self._generator = make_seeded_generator(owner, seed)
        self._axes = find_image_axes(self.data_format)
        self.input_spec = IMAGES
        self.training = True

    def call(self, images: Tensor, training: bool = False) -> Tensor:
        """Return the images as floats, randomly changed in training; shape unchanged.

        Args:
            images: One image or several, in the layer's layout.
            training: Whether to change them.
        """
        return self.transform_images(
            images, self.get_random_transformation(images, training), training
        )

    def get_random_transformation(self, images: Tensor, training: bool = True) -> Any:
        """Draw the parameters that ``transform_images`` takes; ``None`` outside of training."""
        return self._draw_transformation(images) if training else None

    def transform_images(
        self, images: Tensor, transformation: Any, training: bool = True
    ) -> Tensor:
        """Return images transformed by drawn parameters; unchanged outside of training."""
        return self._transform(images, transformation) if training else images

    def _draw_transformation(self, images: Tensor) -> Any:
        raise NotImplementedError

    def _transform(self, images: Tensor, transformation: Any) -> Tensor:
        raise NotImplementedError

    def _draw(self, images: Tensor, low: float, high: float, axes: int) -> Tensor:
        """Draw a number between ``low`` and ``high`` for each image, with trailing axes of size 1."""
        count = len(images) if images.ndim == 4 else 1
        generator = self._generator
        device = images.device if generator is None else generator.device
        draws = torch.rand(count, generator=generator, device=device).to(images)
        return (low + (high - low) * draws).reshape(-1, *(1,) * (axes - 1))

    def _find_size(self, images: Tensor) -> tuple[int, int]:
        return images.shape[self._axes[0]], images.shape[self._axes[1]]


def require_factor(
    owner: str,
    argument: str,
    value: Any,
    lowest: float = -1.0,
    highest: float = 1.0,
    *,
    is_open: bool = False,
) -> tuple[float, float]:
    """Return the bounds of a random factor; a single number x means (−x, x).

    Args:
        owner: Class name of the layer.
        argument: Name of the argument.
        value: A number, or two.
        lowest: The smallest allowed number.
        highest: The largest allowed number.
        is_open: Whether ``lowest`` itself is excluded.

    Raises:
        ArgumentValueError: ``value`` is something else.

    Example:
        >>> require_factor("RandomZoom", "height_factor", 0.2), require_factor("A", "b", (0.3, 0.1))
        ((-0.2, 0.2), (0.1, 0.3))
    """
    given: Sequence[Any] = value if isinstance(value, (list, tuple)) else (value,)
    is_right = len(given) == 1 + isinstance(value, (list, tuple))
    is_inside = is_right and all(
        is_number(one) and lowest <= one <= highest and not (is_open and one == lowest)
        for one in given
    )
    if not is_inside:
        limits = f"{'(' if is_open else '['}{lowest:g}, {highest:g}]"
        raise refusal(owner, argument, value, f"a number in {limits}, or two of them")
    if isinstance(value, (list, tuple)):
        return min(given), max(given)
    return max(-abs(value), lowest), abs(value)
