"""Locally connected layers: convolutions whose weights differ at each position."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.separable import local_conv1d, local_conv2d
from kplug.components.arguments import refusal, require_flag, require_integer
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.axes import known_sizes
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.spatial import SpatialAxes, Window
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots


class LocallyConnected(Layer):
    """Base class of ``LocallyConnected1D`` and ``LocallyConnected2D``.

    At each position p: activation(window_p · kernel_p + bias_p), with the window flattened to a row.

    Args:
        padding: ``"valid"``; there is no other.
        implementation: 1; accepted for configurations. It selects tf-keras's implementation.
        kernel_initializer: Initial values of the kernel, shape (places, window · in, filters).

    Raises:
        ArgumentValueError: A number is outside its range.
        DataError: The sizes of the inputs are not known when the layer is built.

    Attributes:
        rank: Number of axes besides the batch and the channels.

    Reference:
        Keras 2's ``LocallyConnected1D`` and ``LocallyConnected2D``, with its weights; Keras 3 has none. A
        window's numbers are ordered by step and then channel; for images with the channels first, by channel
        and then step.
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
        data_format: str | None = None,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        window = Window.from_arguments(
            owner, self.rank, kernel_size, strides, padding, 1, ("valid",)
        )
        self.kernel_size, self.strides, self.padding, _ = window
        self._reach = window.find_reach()
        self.filters = require_integer(owner, "filters", filters, "an integer >= 1", at_least=1)
        if implementation != 1:
            raise refusal(self, "implementation", implementation, "1, one kernel for each place")
        self.implementation = 1
        self.use_bias = require_flag(owner, "use_bias", use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (places, window · in, filters) and the bias (…, filters)."""
        channels = self._spatial.fix_channels(self, input_shape)
        sizes = known_sizes(self, input_shape, self._spatial.positions)
        self._spatial.require_room(self.name, input_shape, self._reach)
        self.input_spec = InputSpec(shape=(None, *input_shape[1:]))
        steps = zip(sizes, self.kernel_size, self.strides, strict=True)
        self._places = tuple((size - cells) // step + 1 for size, cells, step in steps)
        row = math.prod(self.kernel_size) * channels
        self.kernel = add_slotted_weight(
            self, "kernel", (math.prod(self._places), row, self.filters)
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (*self._places, self.filters))

    def _require_shape(self, shape: Shape, cause: BaseException | None = None) -> None:
        super()._require_shape(shape, cause)
        self._spatial.require_room(self.name, shape, self._reach, cause)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs in the layout of the inputs.

        Args:
            inputs: Shape (N, …, channels), or (N, channels, …).

        Returns:
            A tensor in the same layout, with other sizes.
        """
        outputs = self._connect_places(inputs)
        if self.bias is not None:
            bias = self.bias if self._spatial.is_channels_last else self.bias.movedim(-1, 0)
            outputs = outputs + bias
        return self.activation(outputs)

    def _connect_places(self, inputs: Tensor) -> Tensor:
        raise NotImplementedError


class LocallyConnected1D(LocallyConnected):
    """Outputs activation(window · kernel of its place + bias of its place), for sequences.

    Example:
        >>> import torch
        >>> layer = LocallyConnected1D(4, 3)
        >>> layer(torch.zeros(1, 10, 2)).shape
        torch.Size([1, 8, 4])
        >>> [weight.shape for weight in layer.get_weights()]
        [(8, 6, 4), (8, 4)]
    """

    rank = 1

    def _connect_places(self, inputs: Tensor) -> Tensor:
        return local_conv1d(inputs, self.kernel, self.kernel_size, self.strides, self.data_format)


class LocallyConnected2D(LocallyConnected):
    """Outputs activation(window · kernel of its place + bias of its place), for images.

    Example:
        >>> import torch
        >>> layer = LocallyConnected2D(4, 3)
        >>> layer(torch.zeros(1, 8, 6, 2)).shape
        torch.Size([1, 6, 4, 4])
        >>> [weight.shape for weight in layer.get_weights()]
        [(24, 18, 4), (6, 4, 4)]
    """

    rank = 2

    def _connect_places(self, inputs: Tensor) -> Tensor:
        return local_conv2d(
            inputs, self.kernel, self.kernel_size, self.strides, self._places, self.data_format
        )
