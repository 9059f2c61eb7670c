"""Separable convolution layers: a depthwise convolution followed by a pointwise one."""

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
from kplug.layers.depthwise import add_depthwise_kernel, convolve_depthwise
from kplug.registry import named


class SeparableConvolution(Layer):
    """Base class of the separable layers.

    Args:
        depth_multiplier: Number of filters per channel in the depthwise convolution.
        depthwise_initializer: Initial values of the depthwise kernel, shape (…, in, multiplier).
        pointwise_initializer: Initial values of the pointwise kernel, shape (1, …, in·multiplier, filters).
        depthwise_regularizer: Penalty of the depthwise kernel.
        pointwise_regularizer: Penalty of the pointwise kernel.
        depthwise_constraint: Applied to the depthwise kernel after each update.
        pointwise_constraint: Applied to the pointwise kernel after each update.

    Reference:
        Chollet, Xception, 2017; Keras's ``SeparableConv1D`` and ``SeparableConv2D``.
    """

    ends_in_activation = True
    rank: ClassVar[int]
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
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
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "kplug/glorot_uniform",
        pointwise_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
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
        self.filters = require_integer(owner, "filters", filters, allowed, at_least=1)
        self.depth_multiplier = require_integer(
            owner, "depth_multiplier", depth_multiplier, allowed, at_least=1
        )
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(
            self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )
        add_weight_slots(
            self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint
        )
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None
        self._torch_order = (self.rank + 1, self.rank, *range(self.rank))

    def build(self, input_shape: Shape) -> None:
        """Add kernels (…, in, multiplier) and (1, …, in·multiplier, filters), and the bias (filters,)."""
        channels = self._spatial.fix_channels(self, input_shape)
        self.depthwise_kernel = add_depthwise_kernel(
            self, "depthwise_kernel", self.kernel_size, channels, self.depth_multiplier
        )
        shape = (*[1] * self.rank, channels * self.depth_multiplier, self.filters)
        order = (self.rank + 1, *range(self.rank + 1))
        self.pointwise_kernel = add_slotted_weight(
            self, "pointwise_kernel", shape, order, "pointwise"
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (self.filters,))

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        super()._require_shape(shape, cause)
        self._spatial.require_room(self.name, shape, self._window.find_reach(), cause)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs."""
        return self._spatial.apply_with(self.activation, self._convolve, inputs)

    def _convolve(self, inputs: Tensor) -> Tensor:
        apart = convolve_depthwise(inputs, self.depthwise_kernel, None, self._window)
        mixing = self.pointwise_kernel.permute(self._torch_order)
        ones = (1,) * self.rank
        return convolve(apart, mixing, self.bias, ones, "valid", ones)


@named("SeparableConv1D", "SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """Outputs activation(depthwise, then pointwise convolution of sequences + bias).

    Example:
        >>> import torch
        >>> layer = SeparableConv1D(8, 3)
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 3, 8])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 3, 1), (1, 3, 8), (8,)]
    """

    rank = 1


@named("SeparableConv2D", "SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """Outputs activation(depthwise, then pointwise convolution of images + bias).

    Example:
        >>> import torch
        >>> layer = SeparableConv2D(8, 3)
        >>> layer(torch.zeros(1, 5, 5, 3)).shape
        torch.Size([1, 3, 3, 8])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 3, 3, 1), (1, 1, 3, 8), (8,)]
    """

    rank = 2
