"""Depthwise convolution layers, which convolve each channel separately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.sliding_windows import convolve
from kplug.components.arguments import require_integer
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, Window
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots


class DepthwiseConvolution(Layer):
    """Base class of the depthwise layers.

    Args:
        depth_multiplier: Number of filters per channel; the outputs of a channel are adjacent.
        depthwise_initializer: Initial values of the kernel, shape (…, in, multiplier).
        depthwise_regularizer: Penalty of the kernel.
        depthwise_constraint: Applied to the kernel after each update.

    Reference:
        Keras's ``DepthwiseConv1D`` and ``DepthwiseConv2D``; torch's ``Conv1d`` and ``Conv2d`` with as many
        groups as channels.
    """

    ends_in_activation = True
    rank: ClassVar[int]
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        depthwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner, allowed = type(self).__name__, "an integer >= 1"
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        self._window = Window.from_arguments(
            owner, self.rank, kernel_size, strides, padding, dilation_rate
        )
        self.kernel_size, self.strides, self.padding, self.dilation_rate = self._window
        self.depth_multiplier = require_integer(
            owner, "depth_multiplier", depth_multiplier, allowed, at_least=1
        )
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(
            self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (…, in, multiplier) and the bias (in·multiplier,)."""
        channels = self._spatial.fix_channels(self, input_shape)
        self.kernel = add_depthwise_kernel(
            self, "kernel", self.kernel_size, channels, self.depth_multiplier
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (channels * self.depth_multiplier,))

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        super()._require_shape(shape, cause)
        self._spatial.require_room(self.name, shape, self._window.find_reach(), cause)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs."""
        return self._spatial.apply_with(self.activation, self._convolve, inputs)

    def _convolve(self, inputs: Tensor) -> Tensor:
        return convolve_depthwise(inputs, self.kernel, self.bias, self._window)


def add_depthwise_kernel(
    layer: Layer, name: str, window: Sequence[int], channels: int, multiplier: int
) -> Tensor:
    """Add a weight (…, in, multiplier) that lies in memory as (in, multiplier, …)."""
    rank = len(window)
    order = (rank, rank + 1, *range(rank))
    kernel: Tensor = add_slotted_weight(
        layer, name, (*window, channels, multiplier), order, "depthwise"
    )
    return kernel


def convolve_depthwise(
    inputs: Tensor, kernel: Tensor, bias: Tensor | None, window: Window
) -> Tensor:
    """Return the convolution of each channel (the second axis) with its part of the kernel."""
    rank = kernel.ndim - 2
    filters = kernel.permute(rank, rank + 1, *range(rank)).flatten(0, 1).unsqueeze(1)
    groups = kernel.shape[rank]
    return convolve(inputs, filters, bias, window.strides, window.padding, window.dilation, groups)


class DepthwiseConv1D(DepthwiseConvolution):
    """Outputs activation(depthwise convolution of sequences + bias).

    Example:
        >>> import torch
        >>> layer = DepthwiseConv1D(3, depth_multiplier=2)
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 3, 6])
        >>> layer.get_weights()[0].shape
        (3, 3, 2)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Outputs activation(depthwise convolution of images + bias).

    Example:
        >>> import torch
        >>> layer = DepthwiseConv2D(3, depth_multiplier=2)
        >>> layer(torch.zeros(1, 5, 5, 3)).shape
        torch.Size([1, 3, 3, 6])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 2)
    """

    rank = 2
