"""Layers that slide filters over each channel by itself, then mix the channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.arguments import require_integer
from kplug.backend.windows import convolve
from kplug.graph import Shape
from kplug.layers.base.kernel_weights import add_bias, add_kernel, add_kernel_slots
from kplug.layers.base.sliding import SlidingLayer
from kplug.layers.depthwise import add_depthwise_kernel, convolve_depthwise
from kplug.registry import named


class SeparableConvolution(SlidingLayer):
    """What the separable layers have in common; their arguments are described there."""

    depthwise_kernel: Tensor
    pointwise_kernel: Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: object = None,
        use_bias: bool = True,
        depthwise_initializer: object = "glorot_uniform",
        pointwise_initializer: object = "glorot_uniform",
        bias_initializer: object = "zeros",
        depthwise_regularizer: object = None,
        pointwise_regularizer: object = None,
        bias_regularizer: object = None,
        activity_regularizer: object = None,
        depthwise_constraint: object = None,
        pointwise_constraint: object = None,
        bias_constraint: object = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        window = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*window, activation, use_bias, **kwargs)
        owner, allowed = type(self).__name__, "an integer >= 1"
        self.filters = require_integer(owner, "filters", filters, allowed, at_least=1)
        self.depth_multiplier = require_integer(
            owner, "depth_multiplier", depth_multiplier, allowed, at_least=1
        )
        add_kernel_slots(
            self,
            (depthwise_initializer, pointwise_initializer, bias_initializer),
            (depthwise_regularizer, pointwise_regularizer, bias_regularizer),
            (depthwise_constraint, pointwise_constraint, bias_constraint),
            ("depthwise", "pointwise", "bias"),
        )
        self._torch_order = (self.rank + 1, self.rank, *range(self.rank))

    def build(self, input_shape: Shape) -> None:
        """Add kernels (…, in, multiplier) and (1, …, in·multiplier, filters), and the bias (filters,)."""
        channels = self.fix_channels(input_shape)
        self.depthwise_kernel = add_depthwise_kernel(self, channels, "depthwise_kernel")
        shape = (*[1] * self.rank, channels * self.depth_multiplier, self.filters)
        order = (self.rank + 1, *range(self.rank + 1))
        self.pointwise_kernel = add_kernel(self, shape, order, "pointwise_kernel", "pointwise")
        if self.use_bias:
            self.bias = add_bias(self, self.filters)

    def compute(self, inputs: Tensor) -> Tensor:
        """Return the two convolutions, channels second."""
        apart = convolve_depthwise(self, inputs, self.depthwise_kernel, None)
        mixing = self.pointwise_kernel.permute(self._torch_order)
        ones = (1,) * self.rank
        return convolve(apart, mixing, self.bias, ones, "valid", ones)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
        }


@named("SeparableConv1D", "SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """Outputs activation(each channel of sequences convolved by itself, the results mixed, + bias).

    Args:
        filters: Number of output channels.
        kernel_size: Length of the window.
        strides: Steps of the window.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells.
        depth_multiplier: How many filters each channel has before the channels are mixed.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the first kernel, shape (length, in, multiplier).
        pointwise_initializer: First values of the second, shape (1, in·multiplier, filters).
        bias_initializer: First values of the bias, shape (filters,).
        depthwise_regularizer: Penalty of the first kernel.
        pointwise_regularizer: Penalty of the second kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the outputs.
        depthwise_constraint: Applied to the first kernel after each update.
        pointwise_constraint: Applied to the second kernel after each update.
        bias_constraint: Applied to the bias after each update.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> layer = SeparableConv1D(8, 3)
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 3, 8])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 3, 1), (1, 3, 8), (8,)]

    Reference:
        Chollet, Xception, 2017; ``keras.layers.SeparableConv1D``.
    """

    rank = 1


@named("SeparableConv2D", "SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """Outputs activation(each channel of images convolved by itself, the results mixed, + bias).

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window.
        strides: Steps of the window.
        padding: ``"valid"`` or ``"same"``.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        dilation_rate: Distance between the window's cells.
        depth_multiplier: How many filters each channel has before the channels are mixed.
        activation: A component; ``None`` is ``linear``.
        use_bias: Whether there is a bias.
        depthwise_initializer: First values of the first kernel, shape (height, width, in, multiplier).
        pointwise_initializer: First values of the second, shape (1, 1, in·multiplier, filters).
        bias_initializer: First values of the bias, shape (filters,).
        depthwise_regularizer: Penalty of the first kernel.
        pointwise_regularizer: Penalty of the second kernel.
        bias_regularizer: Penalty of the bias.
        activity_regularizer: Penalty of the outputs.
        depthwise_constraint: Applied to the first kernel after each update.
        pointwise_constraint: Applied to the second kernel after each update.
        bias_constraint: Applied to the bias after each update.
        kwargs: What every layer takes.

    Raises:
        ArgumentValueError: A number is outside its range.

    Example:
        >>> import torch
        >>> layer = SeparableConv2D(8, 3)
        >>> layer(torch.zeros(1, 5, 5, 3)).shape
        torch.Size([1, 3, 3, 8])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 3, 3, 1), (1, 1, 3, 8), (8,)]

    Reference:
        Chollet, Xception, 2017; ``keras.layers.SeparableConv2D``.
    """

    rank = 2
