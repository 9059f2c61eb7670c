"""Layers that slide filters over each channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_integer
from kplug.backend.windows import convolve
from kplug.graph import Shape
from kplug.layers.base.kernel_weights import add_bias, add_kernel, add_kernel_slots
from kplug.layers.base.sliding import SlidingLayer


class DepthwiseConvolution(SlidingLayer):
    """What the depthwise layers have in common; their arguments are described there."""

    kernel: Tensor

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: object = None,
        use_bias: bool = True,
        depthwise_initializer: object = "glorot_uniform",
        bias_initializer: object = "zeros",
        depthwise_regularizer: object = None,
        bias_regularizer: object = None,
        activity_regularizer: object = None,
        depthwise_constraint: object = None,
        bias_constraint: object = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        window = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*window, activation, use_bias, **kwargs)
        self.depth_multiplier = require_integer(
            type(self).__name__, "depth_multiplier", depth_multiplier, "an integer >= 1", at_least=1
        )
        add_kernel_slots(
            self,
            (depthwise_initializer, bias_initializer),
            (depthwise_regularizer, bias_regularizer),
            (depthwise_constraint, bias_constraint),
            ("depthwise", "bias"),
        )

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (…, in, multiplier) and the bias (in·multiplier,)."""
        channels = self.fix_channels(input_shape)
        self.kernel = add_depthwise_kernel(self, channels, "kernel")
        if self.use_bias:
            self.bias = add_bias(self, channels * self.depth_multiplier)

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the convolution, channels second."""
        return convolve_depthwise(self, inputs, self.kernel, self.bias)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


def add_depthwise_kernel(layer: Any, channels: int, name: str) -> Any:
    """Add a weight (…, in, multiplier) that lies in memory as (in, multiplier, …)."""
    rank = layer.rank
    shape = (*layer.kernel_size, channels, layer.depth_multiplier)
    return add_kernel(layer, shape, (rank, rank + 1, *range(rank)), name, "depthwise")


def convolve_depthwise(
    layer: SlidingLayer, inputs: Tensor, kernel: Tensor, bias: Tensor | None
) -> Tensor:
    """Return the convolution of each channel (the second axis) with its part of the kernel."""
    rank = layer.rank
    filters = kernel.permute(rank, rank + 1, *range(rank)).flatten(0, 1).unsqueeze(1)
    groups = kernel.shape[rank]
    options = (layer.strides, layer.padding, layer.dilation_rate)
    return convolve(inputs, filters, bias, *options, groups=groups)


class DepthwiseConv1D(DepthwiseConvolution):
    """Outputs activation(convolution of each channel of sequences by itself + bias).

    Args:
        kernel_size: Length of the window.
        strides: Steps of the window.
        padding: ``"valid"`` or ``"same"``.
        depth_multiplier: How many filters each channel has; their outputs lie side by side.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the kernel, shape (length, in, multiplier).
        bias_initializer: First values of the bias, shape (in·multiplier,).
        depthwise_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the outputs.
        depthwise_constraint: Applied to the kernel after each update.
        bias_constraint: Applied to the bias after each update.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> layer = DepthwiseConv1D(3, depth_multiplier=2)
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 3, 6])
        >>> layer.get_weights()[0].shape
        (3, 3, 2)

    Reference:
        ``keras.layers.DepthwiseConv1D``; ``torch.nn.Conv1d`` with as many groups as channels.
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Outputs activation(convolution of each channel of images by itself + bias).

    Args:
        kernel_size: Height and width of the window.
        strides: Steps of the window.
        padding: ``"valid"`` or ``"same"``.
        depth_multiplier: How many filters each channel has; their outputs lie side by side.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the kernel, shape (height, width, in, multiplier).
        bias_initializer: First values of the bias, shape (in·multiplier,).
        depthwise_regularizer: Penalty of the kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the outputs.
        depthwise_constraint: Applied to the kernel after each update.
        bias_constraint: Applied to the bias after each update.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> layer = DepthwiseConv2D(3, depth_multiplier=2)
        >>> layer(torch.zeros(1, 5, 5, 3)).shape
        torch.Size([1, 3, 3, 6])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 2)

    Reference:
        ``keras.layers.DepthwiseConv2D``; ``torch.nn.Conv2d`` with as many groups as channels.
    """

    rank = 2
