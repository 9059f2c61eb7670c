"""Layers that slide filters over images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_choice, require_integer
from kplug.backend.windows import convolve
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.images import ImageLayer, require_window
from kplug.layers.input_spec import InputSpec
from kplug.layers.kernel import add_bias, add_kernel, add_kernel_slots, known_size


class Conv2D(ImageLayer):
    """Outputs activation(convolution of the inputs with a kernel + bias).

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Steps of the window.
        padding: ``"valid"``: only whole windows; ``"same"``: ⌈size/stride⌉ outputs an axis, the extra
            zeros at the bottom and right.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells; only where ``strides`` is 1.
        groups: Into how many groups the channels are split, each with its own filters.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape (height, width, in/groups, filters).
        bias_initializer: First values of the bias, shape (filters,).
        kernel_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the outputs.
        kernel_constraint: Applied to the kernel after each update.
        bias_constraint: Applied to the bias after each update.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range, or strides and dilation are both above 1.

    Example:
        >>> import torch
        >>> layer = Conv2D(8, 3, strides=2, padding="same")
        >>> layer(torch.zeros(1, 28, 28, 3)).shape
        torch.Size([1, 14, 14, 8])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 8)

    Reference:
        The kernel has Keras's shape; in memory it is (filters, height, width, in), which torch's
        kernels take without a copy.
    """

    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
        activation: object = None,
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        bias_initializer: object = "zeros",
        kernel_regularizer: object = None,
        bias_regularizer: object = None,
        activity_regularizer: object = None,
        kernel_constraint: object = None,
        bias_constraint: object = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, activity_regularizer=activity_regularizer, **kwargs)
        self.filters = require_integer("Conv2D", "filters", filters, "an integer >= 1", at_least=1)
        self.kernel_size = require_window("Conv2D", "kernel_size", kernel_size, 2)
        self.strides = require_window("Conv2D", "strides", strides, 2)
        self.padding = require_choice("Conv2D", "padding", padding, ("valid", "same"))
        self.dilation_rate = require_window("Conv2D", "dilation_rate", dilation_rate, 2)
        self.groups = require_integer("Conv2D", "groups", groups, "an integer >= 1", at_least=1)
        self._check_together()
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_kernel_slots(
            self,
            (kernel_initializer, bias_initializer),
            (kernel_regularizer, bias_regularizer),
            (kernel_constraint, bias_constraint),
        )
        self.bias: Tensor | None = None

    def _check_together(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            allowed = "1 where strides are above 1"
            raise ArgumentValueError("Conv2D", "dilation_rate", self.dilation_rate, allowed)
        if self.filters % self.groups:
            allowed = f"a divisor of filters={self.filters}"
            raise ArgumentValueError("Conv2D", "groups", self.groups, allowed)

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (height, width, in/groups, filters) and the bias (filters,)."""
        axis = -1 if self._channels_last else 1
        channels = known_size(self, input_shape, axis)
        if channels % self.groups:
            raise DataError(
                f"layer {self.name!r} splits channels into {self.groups} groups, its inputs of "
                f"shape {input_shape} have {channels}"
            )
        self.input_spec = InputSpec(4, axes={axis: channels})
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = add_kernel(self, shape, memory_order=(3, 0, 1, 2))
        if self.use_bias:
            self.bias = add_bias(self, self.filters)

    def compute(self, images: Tensor) -> Tensor:
        """Return the convolved images, channels second."""
        return convolve(
            images,
            self.kernel.permute(3, 2, 0, 1),
            self.bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs.

        Args:
            inputs: Shape (N, height, width, in), or (N, in, height, width).

        Returns:
            A tensor (N, new height, new width, filters), or (N, filters, new height, new width).
        """
        # After the layout is back: an activation such as softmax works along the last axis.
        return self.activation(super().call(inputs))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "use_bias": self.use_bias,
        }
