"""The simplest recurrent cell, and the layer of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from typing_extensions import Self

from kplug import activations
from kplug.layers.recurrent.base.cell_layer import CellLayer
from kplug.layers.recurrent.base.fused_kernels import run_simple
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell


class SimpleRNNCell(GatedCell):
    """One step of h ← activation(x · kernel + bias + h · recurrent_kernel); the output is h.

    Args:
        units: Size of the state and of the output.
        activation: A component; ``None`` is none.
        kernel_initializer: First values of the kernel, shape (in, units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, units).
        bias_initializer: First values of the bias, shape (units,).
        recurrent_regularizer: Penalty of the recurrent kernel.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        dropout: Share of the inputs that is dropped in training, in [0, 1].
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1].
        seed: Lets dropout draw from a generator of its own. ``None``: torch's.

    Example:
        >>> import torch
        >>> cell = SimpleRNNCell(3)
        >>> output, states = cell(torch.zeros(2, 4), cell.get_initial_state(2))
        >>> output.shape, len(states)
        (torch.Size([2, 3]), 1)

    Reference:
        ``keras.layers.SimpleRNNCell``; ``torch.nn.RNNCell`` has a second bias.
    """

    def __init__(
        self,
        units: int,
        activation: object = "tanh",
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        recurrent_initializer: object = "orthogonal",
        bias_initializer: object = "zeros",
        kernel_regularizer: object = None,
        recurrent_regularizer: object = None,
        bias_regularizer: object = None,
        kernel_constraint: object = None,
        recurrent_constraint: object = None,
        bias_constraint: object = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
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
        )
        self.add_slot("activation", "activation", activation)

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the new state, twice."""
        output = self.activation(self.add_recurrent(projected, states[0], drops.state))
        return output, [output]

    def runs_on_kernel(self) -> bool:
        """Whether torch's kernel does the same: with tanh."""
        return self._kernel_fits and self.activation is activations.tanh

    def run_kernel(self, sequences: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return all outputs and the last state."""
        return run_simple(sequences, states, self.torch_weights())


class SimpleRNN(CellLayer):
    """Runs h ← activation(x · kernel + bias + h · recurrent_kernel) along the time; the output is h.

    Inputs are sequences (N, time, features); where their mask is False, h stays as it is.

    Args:
        units: Size of the state and of the output.
        activation: A component; ``None`` is none.
        kernel_initializer: First values of the kernel, shape (in, units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, units).
        bias_initializer: First values of the bias, shape (units,).
        recurrent_regularizer: Penalty of the recurrent kernel.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        dropout: Share of the inputs that is dropped in training, in [0, 1]; the same at all times.
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1]; the same at all
            times.
        seed: Lets dropout draw from a generator of its own. ``None``: torch's.
        return_sequences: Whether to output the outputs of all times, instead of the last one.
        return_state: Whether to output the last state as well: the layer returns a list.
        go_backwards: Whether to go from the last time to the first; the outputs come in that order.
        stateful: Whether the last state of sample i is the first one of sample i of the next batch.
        unroll: Ignored; see ``RNN``.
        use_cudnn: Whether torch's kernel for whole sequences may be used, where it does the same.
        kwargs: What ``RNN`` and every layer take.

    Example:
        >>> import torch
        >>> layer = SimpleRNN(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        ``keras.layers.SimpleRNN``; ``torch.nn.RNN`` has a second bias.
    """

    def __init__(
        self,
        units: int,
        activation: object = "tanh",
        use_bias: bool = True,
        kernel_initializer: object = "glorot_uniform",
        recurrent_initializer: object = "orthogonal",
        bias_initializer: object = "zeros",
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
        use_cudnn: object = "auto",
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
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

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what ``get_config`` returned, here or in Keras."""
        # Keras 2 wrote it, and it means nothing for one gate.
        return super().from_config(
            {name: value for name, value in config.items() if name != "implementation"}
        )
