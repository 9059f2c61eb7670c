"""Gated recurrent unit: the cell and its layer."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug import activations
from kplug.components.arguments import require_flag
from kplug.components.types import ActivationLike
from kplug.layers.base.layer import Layer
from kplug.layers.recurrent.base.fused_kernels import run_gru
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.layers.recurrent.base.shared_arguments import (
    CellArguments,
    LayerArguments,
    takes_arguments_of,
)
from kplug.layers.recurrent.rnn import RNN
from kplug.registry import named


class GRUCell(GatedCell):
    """One step of a gated recurrent unit.

    With σ the recurrent activation and a the activation, each gate g having its part of the kernel W,
    of the recurrent kernel U and of the bias b:

        z, r = σ(x · W_g + h · U_g + b_g)
        n = a(x · W_n + b_n + r · (h · U_n + b'_n))    with reset_after
        n = a(x · W_n + b_n + (r · h) · U_n)           without
        h ← z · h + (1 − z) · n

    The output is h. The gates stand in the order z, r, n; the kernel has shape (in, 3 · units), the
    recurrent kernel (units, 3 · units), the bias (2, 3 · units) with ``reset_after``, of the inputs and of
    the state, else (3 · units,).

    Example:
        >>> cell = GRUCell(3)
        >>> output, states = cell(torch.zeros(2, 4), cell.get_initial_state(2))
        >>> output.shape, len(states)
        (torch.Size([2, 3]), 1)

    Reference:
        Cho et al., 2014. ``keras.layers.GRUCell``; Keras 2's is ``reset_after=False`` with
        ``hard_sigmoid``. torch's order of the gates is r, z, n, and it resets after.
    """

    gate_count = 3

    @takes_arguments_of(GatedCell.__init__)
    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        recurrent_activation: ActivationLike = "kplug/sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        implementation: int = 2,
        **shared: Unpack[CellArguments],
    ) -> None:
        super().__init__(units, activation, use_bias, **shared)
        self.add_slot("recurrent_activation", "activation", recurrent_activation)
        self.reset_after = require_flag("GRUCell", "reset_after", reset_after)
        self._choose_implementation(implementation)

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (2, width) if self.reset_after else (width,)

    def _input_bias(self) -> Tensor | None:
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the new state, twice."""
        (h,) = states
        if self.reset_after:
            z, new = self._reset_after(projected, h, drops.state)
        else:
            z, new = self._reset_before(projected, h, drops.state)
        h = new + z * (h - new)
        return h, [h]

    def _reset_after(
        self, projected: Tensor, h: Tensor, factors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        bias = torch.zeros_like(projected) if self.bias is None else self.bias[1]
        inner = self.add_recurrent(bias, h, factors)
        edge = 2 * self.units
        gates = self.recurrent_activation(projected[:, :edge] + inner[:, :edge])
        z, r = gates.chunk(2, dim=1)
        return z, self.activation(projected[:, edge:] + r * inner[:, edge:])

    def _reset_before(
        self, projected: Tensor, h: Tensor, factors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        of_z, of_r, of_new = torch.split(self.recurrent_kernel, self.units, dim=1)
        h_z, h_r, h_new = (h, h, h) if factors is None else tuple(h * factors)
        x_z, x_r, x_new = projected.chunk(3, dim=1)
        z = self.recurrent_activation(torch.addmm(x_z, h_z, of_z))
        r = self.recurrent_activation(torch.addmm(x_r, h_r, of_r))
        return z, self.activation(torch.addmm(x_new, r * h_new, of_new))

    def runs_on_kernel(self) -> bool:
        """Return whether torch's kernel computes the same: resetting after, with tanh and sigmoid."""
        is_tanh = self._kernel_fits and self.reset_after and self.activation is activations.tanh
        return is_tanh and self.recurrent_activation is activations.sigmoid

    def run_kernel(self, sequences: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return all outputs and the last state."""
        return run_gru(sequences, states, self.torch_weights())

    def torch_weights(self) -> list[Tensor]:
        """Return the weights with the gates in torch's order: r, z, n."""
        rows = [self.kernel.t(), self.recurrent_kernel.t()]
        if self.bias is not None:
            rows += list(self.bias)
        weights = []
        for row in rows:
            z, r, new = torch.split(row, self.units)
            weights.append(torch.cat([r, z, new]))
        return weights


@named("GRU", "CuDNNGRU")
class GRU(RNN, cell=GRUCell):
    """Gated recurrent unit over the time steps of sequences; ``GRUCell`` has the equations.

    Inputs are sequences (N, time, features); where their mask is False, the state stays unchanged.

    Example:
        >>> layer = GRU(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        Cho et al., 2014; ``keras.layers.GRU``; Keras 2's is ``reset_after=False`` with ``hard_sigmoid``.
        ``torch.nn.GRU`` has the gates in another order, and always resets after.
    """

    @takes_arguments_of(Layer.__init__, RNN.__init__, RNN._make_with_cell, GRUCell.__init__)
    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        recurrent_activation: ActivationLike = "kplug/sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        implementation: int = 2,
        **shared: Unpack[LayerArguments],
    ) -> None:
        self._make_with_cell(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            reset_after=reset_after,
            implementation=implementation,
            **shared,
        )
