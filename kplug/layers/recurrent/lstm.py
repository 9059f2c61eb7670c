"""The cell with a memory and three gates, and the layer of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug import activations
from kplug.arguments import require_flag
from kplug.layers.recurrent.base.cell_layer import CellLayer, of_cell
from kplug.layers.recurrent.base.fused_kernels import hold_after, run_lstm
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.registry import named


class LSTMCell(GatedCell):
    """One step of a long short-term memory.

    With σ the recurrent activation and a the activation, each gate g having its part of the kernel W,
    of the recurrent kernel U and of the bias b:

        i, f, o = σ(x · W_g + h · U_g + b_g)
        c ← f · c + i · a(x · W_c + h · U_c + b_c)
        h ← o · a(c)

    The output is h. The gates stand in the order i, f, c, o.

    Args:
        units: Size of both states and of the output.
        activation: A component; ``None`` is none.
        recurrent_activation: A component, for the gates.
        kernel_initializer: First values of the kernel, shape (in, 4 · units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, 4 · units).
        bias_initializer: First values of the bias, shape (4 · units,).
        unit_forget_bias: Whether the bias of the gate f is 1 at first.
        recurrent_regularizer: Penalty of the recurrent kernel.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        dropout: Share of the inputs that is dropped in training, in [0, 1].
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1].
        seed: Lets dropout draw from a generator of its own. ``None``: torch's.
        implementation: 1 drops other inputs for each gate, as a recurrent dropout does too; 2 the same.

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

    def __init__(
        self,
        units: int,
        activation: object = "tanh",
        recurrent_activation: object = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        recurrent_initializer: object = "orthogonal",
        bias_initializer: object = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: object = None,
        recurrent_regularizer: object = None,
        bias_regularizer: object = None,
        kernel_constraint: object = None,
        recurrent_constraint: object = None,
        bias_constraint: object = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_up(
            units,
            use_bias,
            (kernel_initializer, recurrent_initializer, bias_initializer),
            (kernel_regularizer, recurrent_regularizer, bias_regularizer),
            (kernel_constraint, recurrent_constraint, bias_constraint),
            (dropout, recurrent_dropout),
            seed,
            implementation,
        )
        self.add_slot("activation", "activation", activation)
        self.add_slot("recurrent_activation", "activation", recurrent_activation)
        self.unit_forget_bias = require_flag("LSTMCell", "unit_forget_bias", unit_forget_bias)

    @property
    def state_size(self) -> int | list[int]:
        """Sizes of h and c."""
        return [self.units, self.units]

    @torch.no_grad()
    def _adjust_first_values(self, filled: set[str]) -> None:
        if "bias" in filled and self.bias is not None and self.unit_forget_bias:
            self.bias[self.units : 2 * self.units] = 1.0

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return h, and the new h and c."""
        h, c = states
        i, f, new, o = self.add_recurrent(projected, h, drops.state).chunk(4, dim=1)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(new)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def runs_on_kernel(self) -> bool:
        """Return whether torch's kernel does the same: with tanh and sigmoid."""
        is_tanh = self._kernel_fits and self.activation is activations.tanh
        return is_tanh and self.recurrent_activation is activations.sigmoid

    def run_kernel(
        self, sequences: Tensor, states: list[Tensor], kept: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return all h and the last h and c.

        Args:
            sequences: Shape (N, time, in).
            states: The first h and c, shape (N, units) each.
            kept: Which times count, shape (N, time), the first ones of each sample: the last c is that
                after them, while h goes on. ``None``: all.
        """
        weights = self.torch_weights()
        if kept is not None:
            sequences, weights = hold_after(kept, sequences, weights)
        return run_lstm(sequences, states, weights)


@named("LSTM", "CuDNNLSTM")
class LSTM(CellLayer):
    """Long short-term memory, run along the time of sequences; its equations stand at ``LSTMCell``.

    Inputs are sequences (N, time, features); where their mask is False, output and states stay.

    Args:
        units: Size of the states and of the output.
        activation: A component; ``None`` is none.
        recurrent_activation: A component, for the gates.
        kernel_initializer: First values of the kernel, shape (in, 4 · units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, 4 · units).
        bias_initializer: First values of the bias, shape (4 · units,).
        unit_forget_bias: Whether the bias of the forget gate is 1 at first.
        recurrent_regularizer: Penalty of the recurrent kernel.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        dropout: Share of the inputs that is dropped in training, in [0, 1]; the same at all times.
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1]; the same at all
            times.
        seed: Lets dropout draw from a generator of its own. ``None``: torch's.
        return_sequences: Whether to output the outputs of all times, instead of the last one.
        return_state: Whether to output the last states as well: the layer returns a list.
        go_backwards: Whether to go from the last time to the first; the outputs come in that order.
        stateful: Whether the last state of sample i is the first one of sample i of the next batch.
        unroll: Ignored; see ``RNN``.
        implementation: 1 drops other inputs for each gate, as a recurrent dropout does too; 2 the same.
        use_cudnn: Whether torch's kernel for whole sequences may be used, where it does the same.
        kwargs: What ``RNN`` and every layer take.

    Example:
        >>> layer = LSTM(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        Hochreiter & Schmidhuber, 1997; ``keras.layers.LSTM``; Keras 2's recurrent activation is
        ``hard_sigmoid``. ``torch.nn.LSTM`` has the same gates in the same order, and a second bias.
    """

    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")
    implementation = of_cell("implementation")

    def __init__(
        self,
        units: int,
        activation: object = "tanh",
        recurrent_activation: object = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        recurrent_initializer: object = "orthogonal",
        bias_initializer: object = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: object = None,
        recurrent_regularizer: object = None,
        bias_regularizer: object = None,
        activity_regularizer: object = None,
        kernel_constraint: object = None,
        recurrent_constraint: object = None,
        bias_constraint: object = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        implementation: int = 2,
        use_cudnn: object = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            implementation=implementation,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._adopt_slots(use_cudnn)
