"""Transposed convolution layers, which upsample with learned kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.sliding_windows import convolve_transposed
from kplug.components.arguments import require_integer
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import ArgumentValueError
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, Window, require_window
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots
from kplug.registry import named


class TransposedConvolution(Layer):
    """Base class of the transposed convolution layers.

    Args:
        strides: Approximate factors by which the axes grow.
        padding: ``"valid"``: size · strides + max(reach of the window − strides, 0) outputs; ``"same"``:
            size · strides outputs.
        output_padding: How many cells are added at the ends, less than ``strides``; sizes are then
            (size − 1) · strides + k − 2p + output_padding, where k is the reach of the window and p is 0,
            or ⌊k/2⌋ with ``"same"``.
        dilation_rate: Distance between the window's cells; only where ``strides`` is 1.
        kernel_initializer: Initial values of the kernel, shape (…, filters, in).

    Raises:
        ArgumentValueError: A number is outside its range, or strides and dilation are both above 1.

    Reference:
        Keras's ``Conv1DTranspose``, ``Conv2DTranspose`` and ``Conv3DTranspose``; torch's ``ConvTranspose1d``
        and so on, which cut both ends alike. The kernel has Keras's shape and torch's memory order.
    """

    ends_in_activation = True
    rank: ClassVar[int]
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        window = Window.from_arguments(
            owner, self.rank, kernel_size, strides, padding, dilation_rate
        )
        window.refuse_dilated_strides(owner)
        self.kernel_size, self.strides, self.padding, self.dilation_rate = window
        self.output_padding = self._check_output_padding(output_padding)
        self.filters = require_integer(owner, "filters", filters, "an integer >= 1", at_least=1)
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None
        self._torch_order = (self.rank + 1, self.rank, *range(self.rank))

    def _check_output_padding(self, given: object) -> tuple[int, ...] | None:
        if given is None:
            return None
        owner = type(self).__name__
        cells = require_window(owner, "output_padding", given, self.rank, at_least=0)
        if any(cell >= step for cell, step in zip(cells, self.strides, strict=True)):
            allowed = f"below strides={self.strides}"
            raise ArgumentValueError(owner, "output_padding", given, allowed)
        return cells

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (…, filters, in) and the bias (filters,)."""
        channels = self._spatial.fix_channels(self, input_shape)
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = add_slotted_weight(self, "kernel", shape, self._torch_order)
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (self.filters,))

    def call(self, inputs: Tensor) -> Tensor:
        """Return the enlarged inputs, in their layout."""
        return self._spatial.apply_with(self.activation, self._convolve, inputs)

    def _convolve(self, inputs: Tensor) -> Tensor:
        return convolve_transposed(
            inputs,
            self.kernel.permute(self._torch_order),
            self.bias,
            self.strides,
            self.padding,
            self.output_padding,
            self.dilation_rate,
        )


@named("Conv1DTranspose", "Convolution1DTranspose")
class Conv1DTranspose(TransposedConvolution):
    """Outputs activation(transposed convolution of the inputs + bias), for sequences.

    Example:
        >>> import torch
        >>> layer = Conv1DTranspose(4, 3, strides=2, padding="same")
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 10, 4])
    """

    rank = 1


@named("Conv2DTranspose", "Convolution2DTranspose")
class Conv2DTranspose(TransposedConvolution):
    """Outputs activation(transposed convolution of the inputs + bias), for images.

    Example:
        >>> import torch
        >>> layer = Conv2DTranspose(4, 3, strides=2, padding="same")
        >>> layer(torch.zeros(1, 5, 5, 3)).shape
        torch.Size([1, 10, 10, 4])
    """

    rank = 2


@named("Conv3DTranspose", "Convolution3DTranspose")
class Conv3DTranspose(TransposedConvolution):
    """Outputs activation(transposed convolution of the inputs + bias), for volumes.

    Example:
        >>> import torch
        >>> layer = Conv3DTranspose(4, 3, strides=2, padding="same")
        >>> layer(torch.zeros(1, 5, 5, 5, 3)).shape
        torch.Size([1, 10, 10, 10, 4])
    """

    rank = 3

    # Keras has data_format and output_padding the other way round in this class only.
    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )
