"""``EinsumDense``: a dense layer whose product is an einsum equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.modules.module import _has_any_global_hook

from kplug.activations import linear
from kplug.components.arguments import refusal
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.einsum_equation import Equation
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.lora import AdaptableLayer, AdaptedWeight, add_asked_adapter, read_adapter
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots

_METHODS = frozenset({"call", "forward"})
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class EinsumDense(AdaptableLayer):
    """Outputs activation(einsum(equation, inputs, kernel) + bias).

    Args:
        equation: Such as ``"abc,cd->abd"``; an ellipsis stands for further axes:
            ``"...c,cd->...d"`` or ``"abc...,cd->abd..."``.
        output_shape: Sizes of the outputs without the batch and the axes of an ellipsis; ``None`` is the
            size that the inputs have there. An integer is a shape of one axis.
        bias_axes: The output axes that the bias has; ``None`` for no bias.
        kernel_initializer: Initial values of the kernel; its shape is read from the equation.

    Raises:
        ArgumentValueError: ``equation``, ``output_shape`` or ``bias_axes`` cannot be read.

    Example:
        >>> layer = EinsumDense("abc,cde->abde", (None, 2, 4), bias_axes="de")
        >>> layer(torch.zeros(1, 5, 3)).shape
        torch.Size([1, 5, 2, 4])
        >>> [weight.shape for weight in layer.get_weights()]
        [(3, 2, 4), (2, 4)]

    Reference:
        ``keras.layers.EinsumDense``, without quantization. As there, outputs carry
        no mask: the equation may move the axis of time.
    """

    ends_in_activation = True
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor = AdaptedWeight("kernel")  # type: ignore[assignment]

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: ActivationLike = None,
        bias_axes: str | None = None,
        kernel_initializer: InitializerLike = "kplug/glorot_uniform",
        bias_initializer: InitializerLike = "kplug/zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        activity_regularizer: RegularizerLike = None,
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
        self.partial_output_shape = check_sizes("EinsumDense", output_shape)
        self._equation = Equation(equation, bias_axes, "EinsumDense")
        self.equation, self.bias_axes = equation, bias_axes
        self.add_slot("activation", "activation", activation)
        add_weight_slots(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        add_weight_slots(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.bias: Tensor | None = None
        self._summed_count = self._equation.find_summed_count()

    def build(self, input_shape: Shape) -> None:
        """Add the kernel and the bias, of the shapes that the equation asks for."""
        sizes = self._equation.find_sizes(input_shape, self.partial_output_shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=sizes.summed)
        count, self._ndim = self._summed_count or 0, len(input_shape)
        # Where it is a matrix product, memory has the order that torch.nn.Linear wants.
        self._order = (*range(count, len(sizes.kernel)), *range(count))
        self.kernel = self.add_weight(
            "kernel",
            sizes.kernel,
            "kernel_initializer",
            "kernel_regularizer",
            "kernel_constraint",
            memory_order=self._order,
            fan_axes=(sizes.input_axes, sizes.output_axes),
        )
        if sizes.bias is not None:
            self.bias = add_slotted_weight(self, "bias", sizes.bias)
        add_asked_adapter(self)

    def call(self, inputs: Tensor) -> Tensor:
        """Return the outputs.

        Args:
            inputs: A tensor with the axes of the equation.

        Returns:
            A tensor with the axes of the equation.
        """
        if self._summed_count is not None:
            return self.activation(self._multiply(inputs, self._summed_count))
        outputs = torch.einsum(self._equation.text, inputs, self.kernel)
        return self.activation(outputs if self.bias is None else outputs + self.bias)

    def _multiply(self, inputs: Tensor, summed_count: int) -> Tensor:
        """Return the outputs of a plain matrix product, by torch's linear kernel."""
        kernel = self._read_weight("kernel")
        summed, made = kernel.shape[:summed_count], kernel.shape[summed_count:]
        if inputs.ndim != self._ndim or inputs.shape[-summed_count:] != summed:
            self._check_shapes(inputs)  # the product alone would take other shapes of that size
        bias = self.bias
        has_whole_bias = bias is not None and bias.shape == made
        rows = inputs.flatten(-summed_count) if summed_count > 1 else inputs
        outputs = F.linear(
            rows,
            self._as_matrix(kernel, summed.numel()),
            bias.flatten() if bias is not None and has_whole_bias else None,
        )
        outputs = outputs.reshape(*outputs.shape[:-1], *made)
        if self.lora_enabled:
            a, b = read_adapter(self)
            thin = F.linear(rows, self._as_matrix(a, summed.numel()))
            outputs = outputs + thin.reshape(*thin.shape[:-1], *made[:-1], len(b)) @ b
        return outputs if bias is None or has_whole_bias else outputs + bias

    def _as_matrix(self, kernel: Tensor, size: int) -> Tensor:
        return kernel.permute(self._order).reshape(kernel.numel() // size, size)

    def _only_multiplies(self, inputs: Tensor) -> bool:
        """Return whether a call computes the product with a last axis, adds the bias, and that is all."""
        kernel, bias = self.kernel, self.bias
        return (
            self._summed_count == 1
            and inputs.ndim == self._ndim
            and inputs.shape[-1:] == kernel.shape[:1]
            and (bias is None or bias.shape == kernel.shape[1:])
            and self.activation is linear
            and self.activity_regularizer is None
            and not self._loss_functions
            and not self.lora_enabled
            and not any(getattr(self, name) for name in _HOOKS)
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "output_shape": self.partial_output_shape}


def can_multiply_jointly(layers: Sequence[EinsumDense], inputs: Tensor) -> bool:
    """Return whether one product gives what calls of several layers on the same inputs give, and sooner.

    A layer that was replaced, such as by one with a low-rank adapter, or whose methods were, is to be called.
    The kernels are copied into one, which takes longer than it saves where they are larger than the inputs.
    """
    return (
        all(type(layer) is EinsumDense and _METHODS.isdisjoint(vars(layer)) for layer in layers)
        and sum(layer.kernel.numel() for layer in layers) <= max(inputs.numel(), 65_536)
        and all(layer._only_multiplies(inputs) for layer in layers)
        and len({layer.bias is None for layer in layers}) == 1
        and not _has_any_global_hook()  # type: ignore[no-untyped-call]
    )


def multiply_jointly(layers: Sequence[EinsumDense], inputs: Tensor) -> tuple[Tensor, ...]:
    """Return the outputs of layers of which ``can_multiply_jointly`` is true."""
    size = inputs.shape[-1]
    matrices = [layer._as_matrix(layer.kernel, size) for layer in layers]
    biases = [layer.bias.flatten() for layer in layers if layer.bias is not None]
    made = F.linear(inputs, torch.cat(matrices), torch.cat(biases) if biases else None)
    parts = torch.split(made, [len(matrix) for matrix in matrices], -1)
    return tuple(
        part.view(*part.shape[:-1], *layer.kernel.shape[1:])
        for part, layer in zip(parts, layers, strict=True)
    )


def check_sizes(owner: str, output_shape: object) -> tuple[int | None, ...]:
    """Return an argument ``output_shape`` as a tuple; an integer is one size.

    Raises:
        ArgumentValueError: It is something else.
    """
    sizes = output_shape if isinstance(output_shape, (list, tuple)) else (output_shape,)
    for size in sizes:
        is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 1
        if not is_size and (size is not None or sizes is not output_shape):
            raise refusal(owner, "output_shape", output_shape, "integers >= 1, or one of them")
    return tuple(sizes)
