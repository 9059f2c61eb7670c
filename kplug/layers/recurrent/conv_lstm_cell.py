"""The convolutional LSTM cell, for rows, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.backend.sliding_windows import convolve
from kplug.components.arguments import refusal, require_flag, require_integer
from kplug.components.types import ActivationLike
from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.spatial import SpatialAxes, Window
from kplug.layers.base.weight_slots import add_slotted_weight
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.layers.recurrent.base.long_short_memory import open_forget_gate, update_memory
from kplug.layers.recurrent.base.shared_arguments import (
    CellArguments,
    takes_arguments_of,
)
from kplug.registry import keras_class

# Arguments that dense cells take and convolutional ones do not.
OF_MATRICES = ("units", "implementation", "use_cudnn")


@keras_class(None)
class ConvLSTMCell(GatedCell):
    """One step of a convolutional long short-term memory.

    With ∗ a convolution, σ the recurrent activation and a the activation, each gate g having its part of the
    kernel W, of the recurrent kernel U and of the bias b:

        i, f, o = σ(x ∗ W_g + h ∗ U_g + b_g)
        c ← f · c + i · a(x ∗ W_c + h ∗ U_c + b_c)
        h ← o · a(c)

    The output is h. The gates stand in the order i, f, c, o; the kernel has shape (…, in, 4 · filters), the
    recurrent kernel (…, filters, 4 · filters), the bias (4 · filters,). The convolution of h is padded, so
    that h keeps its size.

    Args:
        rank: Number of axes of one time step besides the batch and the channels: 1, 2 or 3.
        filters: Number of channels of the states and of the output.
        padding: Of the convolution of the inputs: ``"valid"`` or ``"same"``.
        dilation_rate: Of the convolution of the inputs; only where ``strides`` is 1.
        dropout: Share of the inputs that is dropped in training, in [0, 1]; each gate has its own draws.
        recurrent_dropout: Share of the state that is dropped in training, likewise.

    Raises:
        ArgumentValueError: A number is outside its range, or strides and dilation are both above 1.

    Example:
        >>> cell = ConvLSTMCell(2, 3, kernel_size=2, padding="same")
        >>> x = torch.zeros(2, 6, 5, 4)
        >>> cell.build_for(x.shape)
        >>> cell(x, cell.get_initial_state(2))[0].shape
        torch.Size([2, 6, 5, 3])

    Reference:
        Shi et al., 2015, without the products of gates and c; the cell of ``keras.layers.ConvLSTM2D``.
        Keras 2's recurrent activation is ``hard_sigmoid``.
    """

    gate_count = 4

    @takes_arguments_of(GatedCell.__init__, leaving_out=OF_MATRICES)
    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: ActivationLike = "kplug/tanh",
        recurrent_activation: ActivationLike = "kplug/sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        **shared: Unpack[CellArguments],
    ) -> None:
        owner = type(self).__name__
        if rank not in (1, 2, 3):
            raise refusal(self, "rank", rank, "1, 2 or 3")
        count = require_integer(owner, "filters", filters, "an integer >= 1", at_least=1)
        super().__init__(count, activation, use_bias, **shared)
        self.rank, self.filters = rank, count
        self.add_slot("recurrent_activation", "activation", recurrent_activation)
        self.unit_forget_bias = require_flag(owner, "unit_forget_bias", unit_forget_bias)
        self._choose_implementation(1)  # each gate draws separately
        self._spatial = SpatialAxes(owner, self.rank, data_format)
        self.data_format, self.input_spec = self._spatial.data_format, self._spatial.input_spec
        window = Window.from_arguments(
            owner, self.rank, kernel_size, strides, padding, dilation_rate
        )
        window.refuse_dilated_strides(owner)
        self.kernel_size, self.strides, self.padding, self.dilation_rate = self._window = window
        self._recurrent_window = Window(window.size, (1,) * self.rank, "same", (1,) * self.rank)
        self._gate_axis = -1 if self._spatial.is_channels_last else -1 - self.rank
        self._state_shape: tuple[int, ...] | None = None

    @property
    def state_size(self) -> int | list[int]:
        """Numbers of channels of h and c."""
        return [self.filters, self.filters]

    @property
    def state_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of h and c for one sample; one axis for the channels before the cell is built."""
        return [self._state_shape or (self.filters,)] * 2

    def build(self, input_shape: Shape) -> None:
        """Add kernel, recurrent kernel and bias; the sizes of the images are fixed from now on."""
        channels = self._spatial.fix_channels(self, input_shape)
        sizes = [input_shape[axis] for axis in self._spatial.positions]
        if None in sizes:
            raise DataError(
                f"layer {self.name!r} keeps states of the size of its inputs, so all axes but batch and "
                f"time must have known sizes, got {input_shape}"
            )
        self._spatial.require_room(self.name, input_shape, self._window.find_reach())
        self.input_spec = InputSpec(shape=(None, *input_shape[1:]))
        width, order = 4 * self.filters, (self.rank + 1, *range(self.rank + 1))
        self.kernel = add_slotted_weight(
            self, "kernel", (*self.kernel_size, channels, width), order
        )
        self.recurrent_kernel = add_slotted_weight(
            self, "recurrent_kernel", (*self.kernel_size, self.filters, width), order, "recurrent"
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (width,))
        self._state_shape = self._find_state_shape(input_shape, channels)

    def _find_state_shape(self, input_shape: Shape, channels: int) -> tuple[int, ...]:
        images = torch.empty(1, *input_shape[1:], device="meta")  # type: ignore[arg-type]
        kernel = torch.empty(*self.kernel_size, channels, self.filters, device="meta")
        return tuple(self._convolve(images, kernel, None, self._window).shape[1:])

    def _convolve(
        self, inputs: Tensor, kernel: Tensor, bias: Tensor | None, window: Window
    ) -> Tensor:
        order = (self.rank + 1, self.rank, *range(self.rank))
        _, strides, padding, dilation = window
        return self._spatial.apply(
            lambda x: convolve(x, kernel.permute(order), bias, strides, padding, dilation), inputs
        )

    def _convolve_gates(
        self, inputs: Tensor, factors: Tensor | None, kernel: Tensor, window: Window
    ) -> Tensor:
        """Return the convolutions of all gates; ``factors`` of dropout are one tensor a gate."""
        if factors is None:
            return self._convolve(inputs, kernel, None, window)
        parts = zip(factors, torch.split(kernel, self.filters, dim=-1), strict=True)
        gates = [self._convolve(inputs * factor, part, None, window) for factor, part in parts]
        return torch.cat(gates, dim=self._gate_axis)

    def project(self, inputs: Tensor, drops: Drops) -> Tensor:
        """Return the inputs' contribution to the gates.

        Args:
            inputs: Shape (N, …) of one time step, or (N, time, …).
            drops: The factors of dropout.

        Returns:
            A tensor with 4 · filters channels in the layout of the inputs.
        """
        factors, lead = drops.inputs, inputs.shape[: inputs.ndim - self.rank - 1]
        if factors is not None and len(lead) == 2:
            factors = factors.unsqueeze(2).expand(4, *inputs.shape).flatten(1, 2)
        made = self._convolve_gates(
            inputs.flatten(0, len(lead) - 1), factors, self.kernel, self._window
        )
        if self.bias is not None:
            made = made + self.bias.reshape(-1, *(1,) * (-1 - self._gate_axis))
        return made.reshape(*lead, *made.shape[1:])

    def add_recurrent(self, projected: Tensor, state: Tensor, factors: Tensor | None) -> Tensor:
        """Add the state's contribution to the gates."""
        return projected + self._convolve_gates(
            state, factors, self.recurrent_kernel, self._recurrent_window
        )

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return h, and the new h and c."""
        h, c = states
        gates = self.add_recurrent(projected, h, drops.state).chunk(4, dim=self._gate_axis)
        return update_memory(gates, c, self.recurrent_activation, self.activation)

    @torch.no_grad()
    def _adjust_first_values(self, filled: set[str]) -> None:
        if "bias" in filled and self.bias is not None and self.unit_forget_bias:
            open_forget_gate(self.bias)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in OF_MATRICES}
