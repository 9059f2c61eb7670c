"""Long short-term memory: the cell and its layer."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug import activations
from kplug.components.arguments import require_flag
from kplug.components.types import ActivationLike
from kplug.layers.base.layer import Layer
from kplug.layers.recurrent.base.fused_kernels import run_lstm
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.layers.recurrent.base.long_short_memory import open_forget_gate, update_memory
from kplug.layers.recurrent.base.masked_kernel import hold_after
from kplug.layers.recurrent.base.shared_arguments import (
    CellArguments,
    LayerArguments,
    takes_arguments_of,
)
from kplug.layers.recurrent.rnn import RNN
from kplug.registry import named


class LSTMCell(GatedCell):
    """One step of a long short-term memory.

    With σ the recurrent activation and a the activation, each gate g having its part of the kernel W,
    of the recurrent kernel U and of the bias b:

        i, f, o = σ(x · W_g + h · U_g + b_g)
        c ← f · c + i · a(x · W_c + h · U_c + b_c)
        h ← o · a(c)

    The output is h. The gates stand in the order i, f, c, o; the kernel has shape (in, 4 · units), the
    recurrent kernel (units, 4 · units), the bias (4 · units,).

    Example:
        >>> cell = LSTMCell(3)
        >>> output, states = cell(torch.zeros(2, 4), cell.get_initial_state(2))
        >>> output.shape, len(states)
        (torch.Size([2, 3]), 2)

    Reference:
        Hochreiter & Schmidhuber, 1997; the bias of f: Jozefowicz et al., 2015. ``keras.layers.LSTMCell``;
        Keras 2's recurrent activation is ``hard_sigmoid``.
    """

    gate_count = 4

    @takes_arguments_of(GatedCell.__init__)
    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        recurrent_activation: ActivationLike = "kplug/sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        implementation: int = 2,
        **shared: Unpack[CellArguments],
    ) -> None:
        super().__init__(units, activation, use_bias, **shared)
        self.add_slot("recurrent_activation", "activation", recurrent_activation)
        self.unit_forget_bias = require_flag("LSTMCell", "unit_forget_bias", unit_forget_bias)
        self._choose_implementation(implementation)

    @property
    def state_size(self) -> int | list[int]:
        """Sizes of h and c."""
        return [self.units, self.units]

    @torch.no_grad()
    def _adjust_first_values(self, filled: set[str]) -> None:
        if "bias" in filled and self.bias is not None and self.unit_forget_bias:
            open_forget_gate(self.bias)

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return h, and the new h and c."""
        h, c = states
        gates = self.add_recurrent(projected, h, drops.state).chunk(4, dim=1)
        return update_memory(gates, c, self.recurrent_activation, self.activation)

    def runs_on_kernel(self) -> bool:
        """Return whether torch's kernel computes the same: with tanh and sigmoid."""
        is_tanh = self._kernel_fits and self.activation is activations.tanh
        return is_tanh and self.recurrent_activation is activations.sigmoid

    def run_kernel(
        self, sequences: Tensor, states: list[Tensor], kept: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return all h and the last h and c.

        Args:
            sequences: Shape (N, time, in).
            states: The initial h and c, shape (N, units) each.
            kept: Which time steps count, shape (N, time), the first ones of each sample: the last c is that
                after them, while h goes on. ``None``: all.
        """
        weights = self.torch_weights()
        if kept is not None:
            sequences, weights = hold_after(kept, sequences, weights)
        return run_lstm(sequences, states, weights)


@named("LSTM", "CuDNNLSTM")
class LSTM(RNN, cell=LSTMCell):
    """Long short-term memory over the time steps of sequences; ``LSTMCell`` has the equations.

    Inputs are sequences (N, time, features); where their mask is False, output and states stay unchanged.

    Example:
        >>> layer = LSTM(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        Hochreiter & Schmidhuber, 1997; ``keras.layers.LSTM``; Keras 2's recurrent activation is
        ``hard_sigmoid``. ``torch.nn.LSTM`` has the same gates in the same order, and a second bias.
    """

    @takes_arguments_of(Layer.__init__, RNN.__init__, RNN._make_with_cell, LSTMCell.__init__)
    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        recurrent_activation: ActivationLike = "kplug/sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        implementation: int = 2,
        **shared: Unpack[LayerArguments],
    ) -> None:
        self._make_with_cell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            unit_forget_bias=unit_forget_bias,
            implementation=implementation,
            **shared,
        )
