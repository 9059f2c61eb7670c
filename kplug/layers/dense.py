"""``Dense``: the fully connected layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kplug.components.arguments import require_integer
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.fresh_outputs import activate
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.lora import AdaptableLayer, AdaptedWeight, add_asked_adapter, read_adapter
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots, known_size


class Dense(AdaptableLayer):
    """Outputs activation(inputs · kernel + bias) along the last axis.

    Args:
        units: Number of outputs.
        kernel_initializer: Initial values of the kernel, shape (in, units).
        bias_initializer: Initial values of the bias, shape (units,).

    Example:
        >>> layer = Dense(2, kernel_initializer="ones")
        >>> layer(torch.tensor([[1.0, 2.0, 3.0]])).detach()
        tensor([[6., 6.]])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 2), (2,)]

    Reference:
        ``keras.layers.Dense``. The kernel has Keras's shape, in memory too; the weight of
        ``torch.nn.Linear`` is its transpose.
    """

    ends_in_activation = True

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            activity_regularizer=activity_regularizer,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            **kwargs,
        )
        self.units = require_integer("Dense", "units", units, "an integer >= 1", at_least=1)
        self.use_bias = bool(use_bias)
        self.add_slot("activation", "activation", activation)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None
        self.input_spec = InputSpec(min_ndim=2)

    casts_integers = True
    supports_masking = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor = AdaptedWeight("kernel")  # type: ignore[assignment]

    def build(self, input_shape: Shape) -> None:
        """Add the kernel (in, units) and the bias (units,)."""
        size = known_size(self, input_shape, -1)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size}, example=input_shape)
        self.kernel = add_slotted_weight(self, "kernel", (size, self.units))
        if self.use_bias:
            self.bias = add_slotted_weight(self, "bias", (self.units,))
        add_asked_adapter(self)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs.

        Args:
            inputs: Shape (N, …, in).

        Returns:
            A tensor (N, …, units).
        """
        kernel, bias = self._read_weight("kernel"), self._read_weight("bias")
        if self.lora_enabled:
            a, b = read_adapter(self)
            made = inputs @ kernel + (inputs @ a) @ b
            return activate(self.activation, made if bias is None else made + bias)
        if inputs.ndim == 2 and bias is not None:
            return activate(self.activation, torch.addmm(bias, inputs, kernel))
        if inputs.ndim < 2:
            self._check_shapes(inputs)
        if bias is None or inputs.is_nested:  # rows of unequal numbers are not one matrix
            made = inputs @ kernel
            return activate(self.activation, made if bias is None else made + bias)
        made = torch.addmm(bias, inputs.flatten(0, -2), kernel)
        sizes = (*inputs.shape[:-1], made.shape[1])
        return activate(self.activation, made, lambda rows: rows.view(sizes))
