"""Layers that slide filters over sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_integer
from kplug.backend.windows import convolve
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.kernel_weights import add_bias, add_kernel, add_kernel_slots
from kplug.layers.base.sliding import SlidingLayer
from kplug.registry import named


class Convolution(SlidingLayer):
    """What ``Conv1D``, ``Conv2D`` and ``Conv3D`` have in common; their arguments are described there."""

    kernel: Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
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
        kwargs["activity_regularizer"] = activity_regularizer
        window = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*window, activation, use_bias, **kwargs)
        owner, allowed = type(self).__name__, "an integer >= 1"
        self.filters = require_integer(owner, "filters", filters, allowed, at_least=1)
        self.groups = require_integer(owner, "groups", groups, allowed, at_least=1)
        self._check_together()
        add_kernel_slots(
            self,
            (kernel_initializer, bias_initializer),
            (kernel_regularizer, bias_regularizer),
            (kernel_constraint, bias_constraint),
        )
        self._torch_order = (self.rank + 1, self.rank, *range(self.rank))

    def _check_together(self) -> None:
        refuse_dilated_strides(self)
        if self.filters % self.groups:
            allowed = f"a divisor of filters={self.filters}"
            raise ArgumentValueError(type(self).__name__, "groups", self.groups, allowed)

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (…, in/groups, filters) and the bias (filters,)."""
        channels = self.fix_channels(input_shape)
        if channels % self.groups:
            raise DataError(
                f"layer {self.name!r} splits channels into {self.groups} groups, its inputs of "
                f"shape {input_shape} have {channels}"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = add_kernel(self, shape, (self.rank + 1, *range(self.rank + 1)))
        if self.use_bias:
            self.bias = add_bias(self, self.filters)

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the convolution, channels second."""
        return convolve(
            inputs,
            self.kernel.permute(self._torch_order),
            self.bias,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


def refuse_dilated_strides(layer: SlidingLayer) -> None:
    """Refuse strides and dilation that are both above 1.

    Raises:
        ArgumentValueError: They are.
    """
    if max(layer.strides) > 1 and max(layer.dilation_rate) > 1:
        allowed = "1 where strides are above 1"
        owner = type(layer).__name__
        raise ArgumentValueError(owner, "dilation_rate", layer.dilation_rate, allowed)


@named("Conv1D", "Convolution1D")
class Conv1D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for sequences.

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps of the window.
        padding: ``"valid"``: only whole windows; ``"same"``: ⌈size/stride⌉ outputs, the extra zeros at the
            end; ``"causal"``: all zeros at the start, so that no output depends on what comes later.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells; only where ``strides`` is 1.
        groups: Into how many groups the channels are split, each with its own filters.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape (length, in/groups, filters).
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
        >>> layer = Conv1D(4, 3, padding="causal")
        >>> layer(torch.zeros(1, 10, 2)).shape
        torch.Size([1, 10, 4])
        >>> layer.get_weights()[0].shape
        (3, 2, 4)

    Reference:
        ``keras.layers.Conv1D``. The kernel has Keras's shape; in memory it is
        (filters, length, in), which torch's kernels take without a copy.
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@named("Conv2D", "Convolution2D")
class Conv2D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for images.

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
        ``keras.layers.Conv2D``. The kernel has Keras's shape; in memory it is
        (filters, height, width, in), which torch's kernels take without a copy.
    """

    rank = 2


@named("Conv3D", "Convolution3D")
class Conv3D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for volumes.

    Args:
        filters: Number of output channels.
        kernel_size: Depth, height and width of the window.
        strides: Steps of the window.
        padding: ``"valid"``: only whole windows; ``"same"``: ⌈size/stride⌉ outputs an axis, the extra
            zeros at the ends.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells; only where ``strides`` is 1.
        groups: Into how many groups the channels are split, each with its own filters.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        kernel_initializer: First values of the kernel, shape (depth, height, width, in/groups, filters).
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
        >>> layer = Conv3D(4, 3)
        >>> layer(torch.zeros(1, 8, 9, 10, 2)).shape
        torch.Size([1, 6, 7, 8, 4])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 2, 4)

    Reference:
        ``keras.layers.Conv3D``. The kernel has Keras's shape; in memory it is
        (filters, depth, height, width,
        in), which torch's kernels take without a copy.
    """

    rank = 3
