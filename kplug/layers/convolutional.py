"""Convolution layers for sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor

from kplug.backend.sliding_windows import convolve
from kplug.components.arguments import require_integer
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.lora import AdaptableLayer, AdaptedWeight, add_asked_adapter
from kplug.layers.base.spatial import SpatialAxes, Window
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots
from kplug.registry import named


class Convolution(AdaptableLayer):
    """Base class of ``Conv1D``, ``Conv2D`` and ``Conv3D``.

    Args:
        padding: ``"valid"``: no padding; ``"same"``: ⌈size/stride⌉ outputs per axis, more
            zeros at the end if their number is odd.
        dilation_rate: Distance between the window's cells; only where ``strides`` is 1.
        groups: Number of groups of channels, each with its own filters.
        kernel_initializer: Initial values of the kernel, shape (…, in/groups, filters).

    Raises:
        ArgumentValueError: A number is outside its range, or strides and dilation are both above 1.

    Attributes:
        rank: Number of axes besides the batch and the channels.
        paddings: The allowed values of ``padding``.

    Reference:
        Keras's ``Conv1D``, ``Conv2D`` and ``Conv3D``. The kernel has Keras's shape; in memory it is
        (filters, …, in), which torch's kernels take without a copy.
    """

    ends_in_activation = True
    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor = AdaptedWeight("kernel")  # type: ignore[assignment]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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
        owner, allowed = type(self).__name__, "an integer >= 1"
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        window = Window.from_arguments(
            owner, self.rank, kernel_size, strides, padding, dilation_rate, self.paddings
        )
        window.refuse_dilated_strides(owner)
        self.kernel_size, self.strides, self.padding, self.dilation_rate = window
        self._reach = window.find_reach()
        self.filters = require_integer(owner, "filters", filters, allowed, at_least=1)
        self.groups = require_integer(owner, "groups", groups, allowed, at_least=1)
        if self.filters % self.groups:
            divisor = f"a divisor of filters={self.filters}"
            raise ArgumentValueError(owner, "groups", self.groups, divisor)
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None
        self._torch_order = (self.rank + 1, self.rank, *range(self.rank))

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (…, in/groups, filters) and the bias (filters,)."""
        channels = self._spatial.fix_channels(self, input_shape)
        if channels % self.groups:
            raise DataError(
                f"layer {self.name!r} splits channels into {self.groups} groups, its inputs of "
                f"shape {input_shape} have {channels}"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = add_slotted_weight(
            self, "kernel", shape, (self.rank + 1, *range(self.rank + 1))
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (self.filters,))
        add_asked_adapter(self)

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
        return self._spatial.apply_with(self.activation, self._convolve, inputs)

    def _convolve(self, inputs: Tensor) -> Tensor:
        kernel = self.kernel if self.lora_enabled else self._read_weight("kernel")
        return convolve(
            inputs,
            kernel.permute(self._torch_order),
            self._read_weight("bias"),
            self.strides,
            self.padding,
            self.dilation_rate,
            self.groups,
        )


@named("Conv1D", "Convolution1D")
class Conv1D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for sequences.

    Args:
        padding: ``"valid"``: no padding; ``"same"``: ⌈size/stride⌉ outputs, more zeros at the end if
            their number is odd;
            ``"causal"``: zeros at the start only, so that no output depends on later time steps.

    Example:
        >>> import torch
        >>> layer = Conv1D(4, 3, padding="causal")
        >>> layer(torch.zeros(1, 10, 2)).shape
        torch.Size([1, 10, 4])
        >>> layer.get_weights()[0].shape
        (3, 2, 4)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@named("Conv2D", "Convolution2D")
class Conv2D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for images.

    Example:
        >>> import torch
        >>> layer = Conv2D(8, 3, strides=2, padding="same")
        >>> layer(torch.zeros(1, 28, 28, 3)).shape
        torch.Size([1, 14, 14, 8])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 8)
    """

    rank = 2


@named("Conv3D", "Convolution3D")
class Conv3D(Convolution):
    """Outputs activation(convolution of the inputs with a kernel + bias), for volumes.

    Example:
        >>> import torch
        >>> layer = Conv3D(4, 3)
        >>> layer(torch.zeros(1, 8, 9, 10, 2)).shape
        torch.Size([1, 6, 7, 8, 4])
        >>> layer.get_weights()[0].shape
        (3, 3, 3, 2, 4)
    """

    rank = 3
