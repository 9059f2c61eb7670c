"""Simple (Elman) RNN: the cell and its layer."""

from __future__ import annotations

from torch import Tensor
from typing_extensions import Unpack

from kplug import activations
from kplug.components.types import ActivationLike
from kplug.layers.base.layer import Layer
from kplug.layers.recurrent.base.fused_kernels import run_simple
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.layers.recurrent.base.shared_arguments import LayerArguments, takes_arguments_of
from kplug.layers.recurrent.rnn import RNN


class SimpleRNNCell(GatedCell):
    """One step of h ← activation(x · kernel + bias + h · recurrent_kernel); the output is h.

    The kernel has shape (in, units), the recurrent kernel (units, units), the bias (units,).

    Example:
        >>> import torch
        >>> cell = SimpleRNNCell(3)
        >>> output, states = cell(torch.zeros(2, 4), cell.get_initial_state(2))
        >>> output.shape, len(states)
        (torch.Size([2, 3]), 1)

    Reference:
        ``keras.layers.SimpleRNNCell``; ``torch.nn.RNNCell`` has a second bias.
    """

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the new state, twice."""
        output = self.activation(self.add_recurrent(projected, states[0], drops.state))
        return output, [output]

    def runs_on_kernel(self) -> bool:
        """Return whether torch's kernel computes the same: with tanh."""
        return self._kernel_fits and self.activation is activations.tanh

    def run_kernel(self, sequences: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return all outputs and the last state."""
        return run_simple(sequences, states, self.torch_weights())


class SimpleRNN(RNN, cell=SimpleRNNCell):
    """Computes h ← activation(x · kernel + bias + h · recurrent_kernel) at each time step; the output is h.

    Inputs are sequences (N, time, features); where their mask is False, h stays unchanged.

    Example:
        >>> import torch
        >>> layer = SimpleRNN(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        ``keras.layers.SimpleRNN``; ``torch.nn.RNN`` has a second bias.
    """

    @takes_arguments_of(Layer.__init__, RNN.__init__, RNN._make_with_cell, SimpleRNNCell.__init__)
    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        use_bias: bool = True,
        **shared: Unpack[LayerArguments],
    ) -> None:
        self._make_with_cell(units=units, activation=activation, use_bias=use_bias, **shared)
