"""The cell with two gates and no memory of its own, and the layer of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kplug import activations
from kplug.arguments import require_flag
from kplug.layers.recurrent.base.cell_layer import CellLayer, of_cell
from kplug.layers.recurrent.base.fused_kernels import run_gru
from kplug.layers.recurrent.base.gated_cell import Drops, GatedCell
from kplug.registry import named


class GRUCell(GatedCell):
    """One step of a gated recurrent unit.

    With σ the recurrent activation and a the activation, each gate g having its part of the kernel W,
    of the recurrent kernel U and of the bias b:

        z, r = σ(x · W_g + h · U_g + b_g)
        n = a(x · W_n + b_n + r · (h · U_n + b'_n))    with reset_after
        n = a(x · W_n + b_n + (r · h) · U_n)           without
        h ← z · h + (1 − z) · n

    The output is h. The gates stand in the order z, r, n.

    Args:
        units: Size of the state and of the output.
        activation: A component; ``None`` is none.
        recurrent_activation: A component, for the gates.
        use_bias: Whether there are biases.
        kernel_initializer: First values of the kernel, shape (in, 3 · units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, 3 · units).
        bias_initializer: First values of the bias, shape (2, 3 · units) with ``reset_after``, of the
            inputs and of the state, else (3 · units,).
        recurrent_regularizer: Penalty of the recurrent kernel.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        dropout: Share of the inputs that is dropped in training, in [0, 1].
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1].
        seed: Lets dropout draw from a generator of its own. ``None``: torch's.
        reset_after: Whether the gate r acts after the product with the recurrent kernel.
        implementation: 1 drops other inputs for each gate, as a recurrent dropout does too; 2 the same.

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

    def __init__(
        self,
        units: int,
        activation: object = "tanh",
        recurrent_activation: object = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = require_flag("GRUCell", "reset_after", reset_after)

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
        """Return whether torch's kernel does the same: resetting after, with tanh and sigmoid."""
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
class GRU(CellLayer):
    """Gated recurrent unit, run along the time of sequences; its equations stand at ``GRUCell``.

    Inputs are sequences (N, time, features); where their mask is False, the state stays.

    Args:
        units: Size of the state and of the output.
        activation: A component; ``None`` is none.
        recurrent_activation: A component, for the gates.
        use_bias: Whether there are biases.
        kernel_initializer: First values of the kernel, shape (in, 3 · units).
        recurrent_initializer: First values of the recurrent kernel, shape (units, 3 · units).
        bias_initializer: First values of the bias, shape (2, 3 · units) with
            ``reset_after``, else (3 · units,).
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
        reset_after: Whether the reset gate acts after the product with the recurrent kernel.
        implementation: 1 drops other inputs for each gate, as a recurrent dropout does too; 2 the same.
        use_cudnn: Whether torch's kernel for whole sequences may be used, where it does the same.
        kwargs: What ``RNN`` and every layer take.

    Example:
        >>> layer = GRU(3, return_sequences=True)
        >>> layer(torch.zeros(2, 5, 4)).shape
        torch.Size([2, 5, 3])

    Reference:
        Cho et al., 2014; ``keras.layers.GRU``; Keras 2's is ``reset_after=False`` with ``hard_sigmoid``.
        ``torch.nn.GRU`` has the gates in another order, and always resets after.
    """

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")
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
        reset_after: bool = True,
        implementation: int = 2,
        use_cudnn: object = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            reset_after=reset_after,
            implementation=implementation,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
