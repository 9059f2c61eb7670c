"""What all layers have in common that slide a kernel over their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.arguments import require_choice
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.kernel_weights import known_size
from kplug.layers.base.spatial import SpatialLayer, require_window


class SlidingLayer(SpatialLayer):
    """A layer with a kernel that moves over the inputs, a bias and an activation.

    Args:
        kernel_size: Size of the window, one number or one an axis.
        strides: Steps of the window, likewise.
        padding: One of ``paddings``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        kwargs: What every layer takes.

    Attributes:
        paddings: The words that ``padding`` may be.
    """

    casts_integers = True
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    activation: Callable[[Tensor], Tensor]

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
        activation: object,
        use_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        owner = type(self).__name__
        self.kernel_size = require_window(owner, "kernel_size", kernel_size, self.rank)
        self.strides = require_window(owner, "strides", strides, self.rank)
        self.padding = require_choice(owner, "padding", padding, self.paddings)
        self.dilation_rate = require_window(owner, "dilation_rate", dilation_rate, self.rank)
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        self.bias: Tensor | None = None

    def fix_channels(self, input_shape: Shape) -> int:
        """Return how many channels the inputs have, and take no others from now on."""
        axis = -1 if self._channels_last else 1
        channels = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(self.rank + 2, axes={axis: channels})
        return channels

    def find_reach(self) -> tuple[int, ...] | None:
        """Return how many cells the kernel covers on each axis; None if the inputs are padded."""
        if self.padding != "valid":
            return None
        pairs = zip(self.kernel_size, self.dilation_rate, strict=True)
        return tuple((size - 1) * rate + 1 for size, rate in pairs)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs.

        Args:
            inputs: Shape (N, …, channels), or (N, channels, …).

        Returns:
            A tensor in the same layout, with other sizes.
        """
        # After the layout is back: an activation such as softmax works along the last axis.
        return self.activation(super().call(inputs))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
        }
