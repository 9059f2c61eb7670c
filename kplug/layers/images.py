"""What the layers of images have in common."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.arguments import refusal, require_integer
from kplug.backend import standardize_data_format
from kplug.errors import ArgumentValueError
from kplug.layers.base import Layer
from kplug.layers.input_spec import InputSpec


class ImageLayer(Layer):
    """A layer of images: four axes, channels last or first.

    Args:
        data_format: ``"channels_last"`` (N, height, width, channels), ``"channels_first"``, or
            ``None`` for ``image_data_format()``.
        kwargs: What every layer takes.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format, type(self).__name__)
        self._channels_last = self.data_format == "channels_last"
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs."""
        if self._channels_last:
            # Views only: torch's channels_last memory is what these axes already are.
            return self.compute(inputs.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        if inputs.ndim != 4:  # torch would take three axes for one image without a batch
            self._check_shapes(inputs)
        return self.compute(inputs)

    def compute(self, images: Tensor) -> Tensor:
        """Return the outputs for images with the channels second, likewise."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "data_format": self.data_format}


def require_window(owner: str, argument: str, value: object, rank: int) -> tuple[int, ...]:
    """Return one integer >= 1 for each of ``rank`` axes; a single number counts for all.

    Raises:
        ArgumentValueError: ``value`` is something else.
    """
    allowed = f"an integer >= 1, or {rank} of them"
    sizes = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    try:
        whole = tuple(require_integer(owner, argument, size, allowed, at_least=1) for size in sizes)
    except ArgumentValueError:  # it speaks of one size, not of what was given
        whole = ()
    if len(whole) != rank:
        raise refusal(owner, argument, value, allowed)
    return whole
