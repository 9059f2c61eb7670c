"""Base class of gated cells: concatenated gate weights, and dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend.nn import dropout_mask
from kplug.components.arguments import refusal, require_flag, require_integer, require_share
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.base.seeds import make_seeded_generator
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots, known_size
from kplug.layers.recurrent.base.cells import state_shapes_of


class Drops(NamedTuple):
    """Factors of dropout, the same at all time steps of a sequence; ``None`` drops nothing.

    Each has shape (N, features), or (gates, N, features) where each gate has its own.
    """

    inputs: Tensor | None = None
    state: Tensor | None = None

    @property
    def are_shared(self) -> bool:
        """Whether all gates share the inputs' factors, and no state is dropped."""
        return self.state is None and (self.inputs is None or self.inputs.ndim == 2)


NO_DROPS = Drops()


class GatedCell(Layer):
    """A cell whose gates are products of the inputs and of its state with two matrices.

    A subclass implements ``step``. The inputs' contribution to the gates does not depend on the state, so it
    is computed for all time steps of a sequence at once, by ``project``.

    Args:
        units: Size of the state and of the output.
        dropout: Share of the inputs that is dropped in training, in [0, 1].
        recurrent_dropout: Share of the state that is dropped in training, in [0, 1].

    Attributes:
        gate_count: The number of gates, concatenated in the matrices.
        units: Size of the state.
        output_size: Size of the output.
    """

    gate_count = 1
    casts_integers = True
    # Whether torch's kernel matches the class: false where a subclass overrides the step.
    _kernel_fits = False
    activation: Callable[[Tensor], Tensor]
    recurrent_activation: Callable[[Tensor], Tensor]
    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not {"step", "project", "add_recurrent"}.isdisjoint(vars(cls)):
            cls._kernel_fits = "run_kernel" in vars(cls)

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "kplug/tanh",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        recurrent_initializer: InitializerLike = "kplug/orthogonal",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.units = require_integer(owner, "units", units, "an integer >= 1", at_least=1)
        self.output_size = self.units
        self.use_bias = require_flag(owner, "use_bias", use_bias)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(
            self, "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint
        )
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.add_slot("activation", "activation", activation)
        self.dropout = require_share(owner, "dropout", dropout)
        self.recurrent_dropout = require_share(owner, "recurrent_dropout", recurrent_dropout)
        self._choose_implementation(2)
        self.seed, self._generator = make_seeded_generator(owner, seed)
        self.bias = None

    def _choose_implementation(self, implementation: int) -> None:
        if implementation not in (0, 1, 2):
            raise refusal(self, "implementation", implementation, "0, 1 or 2")
        self.implementation = 1 if self.recurrent_dropout else implementation

    @property
    def state_size(self) -> int | list[int]:
        """Size of the state, or the sizes of several states."""
        return self.units

    def build(self, input_shape: Shape) -> None:
        """Add kernel (in, gates · units), recurrent kernel (units, gates · units) and bias."""
        width = self.gate_count * self.units
        size = known_size(self, input_shape, -1)
        # (gates · units, in) in memory, the layout of torch's recurrent kernels.
        self.kernel = add_slotted_weight(self, "kernel", (size, width), memory_order=(1, 0))
        self.recurrent_kernel = add_slotted_weight(
            self, "recurrent_kernel", (self.units, width), (1, 0), "recurrent"
        )
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", self._bias_shape(width))

    def _bias_shape(self, width: int) -> tuple[int, ...]:
        return (width,)

    # -- one step ----------------------------------------------------------------------------

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, Any]:  # noqa: ARG002 - the mode is the module's
        """Compute one step.

        In training, dropout draws anew at each call. A layer such as ``LSTM`` draws once for a sequence.

        Args:
            inputs: Shape (N, in).
            states: The states that the step before returned, a list of tensors (N, units).
            training: Whether dropout drops.

        Returns:
            The output (N, units), and the list of new states.
        """
        given = list(states) if isinstance(states, (list, tuple)) else [states]
        drops = self.draw(inputs)
        output, made = self.step(self.project(inputs, drops), given, drops)
        return output, made if isinstance(states, (list, tuple)) else made[0]

    def step(
        self, projected: Tensor, states: list[Tensor], drops: Drops
    ) -> tuple[Tensor, list[Tensor]]:
        """Return output and new states for the projected inputs of one time step."""
        raise NotImplementedError

    def project(self, inputs: Tensor, drops: Drops) -> Tensor:
        """Return the inputs' contribution to the gates.

        Args:
            inputs: Shape (N, in) or (N, time, in).
            drops: The factors of dropout.

        Returns:
            A tensor (N, gates · units) or (N, time, gates · units).
        """
        factors, bias = drops.inputs, self._input_bias()
        if factors is None:
            return F.linear(inputs, self.kernel.t(), bias)
        if inputs.ndim == 3:
            factors = factors.unsqueeze(-2)
        if factors.ndim == inputs.ndim:
            return F.linear(inputs * factors, self.kernel.t(), bias)
        parts = zip(factors, torch.split(self.kernel, self.units, dim=1), strict=True)
        gates = torch.cat([(inputs * factor) @ part for factor, part in parts], dim=-1)
        return gates if bias is None else gates + bias

    def _input_bias(self) -> Tensor | None:
        return self.bias

    def add_recurrent(self, projected: Tensor, state: Tensor, factors: Tensor | None) -> Tensor:
        """Add the state's contribution to the gates."""
        if factors is None:
            return torch.addmm(projected, state, self.recurrent_kernel)
        if factors.ndim == 2:
            return torch.addmm(projected, state * factors, self.recurrent_kernel)
        parts = zip(factors, torch.split(self.recurrent_kernel, self.units, dim=1), strict=True)
        return projected + torch.cat([(state * factor) @ part for factor, part in parts], dim=1)

    # -- dropout -----------------------------------------------------------------------------

    def draw(self, inputs: Tensor) -> Drops:
        """Return the factors of dropout for one batch of sequences; outside training nothing is dropped.

        Args:
            inputs: The inputs of one time step, shape (N, in).
        """
        if not self.training or not (self.dropout or self.recurrent_dropout):
            return NO_DROPS
        state = inputs.new_empty((inputs.shape[0], *state_shapes_of(self)[0]))
        return Drops(self._draw(inputs, self.dropout), self._draw(state, self.recurrent_dropout))

    def _draw(self, like: Tensor, rate: float) -> Tensor | None:
        if not rate:
            return None
        if self.implementation != 1 or self.gate_count == 1:
            return dropout_mask(like, rate, None, self._generator)
        return dropout_mask(like.expand(self.gate_count, *like.shape), rate, None, self._generator)

    def get_initial_state(self, batch_size: int = 1) -> list[Tensor]:
        """Return the states before the first step: zeros, of shape (batch_size, units) each."""
        kernel = self._read_weight("recurrent_kernel") if self.built else None
        device = self._device if kernel is None or kernel.is_meta else kernel.device
        return [
            torch.zeros(batch_size, *shape, dtype=self._torch_dtype, device=device)
            for shape in state_shapes_of(self)
        ]

    # -- torch's kernels ---------------------------------------------------------------------

    def runs_on_kernel(self) -> bool:
        """Return whether a kernel of torch computes this cell over whole sequences."""
        return False

    def run_kernel(self, sequences: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return all outputs (N, time, units) and the last states, computed by torch's kernel.

        Args:
            sequences: Shape (N, time, in).
            states: The initial states, shape (N, units) each.
        """
        raise NotImplementedError

    def torch_weights(self) -> list[Tensor]:
        """Return the weights in the layout of torch's kernels."""
        weights = [self._read_weight(name).t() for name in ("kernel", "recurrent_kernel")]
        bias = self._read_weight("bias")
        if bias is not None:
            weights += [bias, torch.zeros_like(bias)]
        return [weight.contiguous() for weight in weights]

    # -- the rest ----------------------------------------------------------------------------
