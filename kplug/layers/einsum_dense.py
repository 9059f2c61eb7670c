"""``EinsumDense``: a dense layer whose product is an einsum equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.components.arguments import refusal
from kplug.components.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike
from kplug.graph import Shape
from kplug.layers.base.einsum_equation import Equation
from kplug.layers.base.input_spec import InputSpec
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_slots import add_slotted_weight, add_weight_slots


class EinsumDense(Layer):
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
        ``keras.layers.EinsumDense``, without low-rank adapters and quantization. As there, outputs carry
        no mask: the equation may move the axis of time.
    """

    ends_in_activation = True
    casts_integers = True
    activation: Callable[[Tensor], Tensor]
    kernel: Tensor

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
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
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
        summed, made = self.kernel.shape[:summed_count], self.kernel.shape[summed_count:]
        if inputs.ndim != self._ndim or inputs.shape[-summed_count:] != summed:
            self._check_shapes(inputs)  # the product alone would take other shapes of that size
        matrix = self.kernel.permute(self._order).reshape(made.numel(), summed.numel())
        bias = self.bias
        has_whole_bias = bias is not None and bias.shape == made
        rows = inputs.flatten(-summed_count) if summed_count > 1 else inputs
        outputs = F.linear(
            rows, matrix, bias.flatten() if bias is not None and has_whole_bias else None
        )
        outputs = outputs.reshape(*outputs.shape[:-1], *made)
        return outputs if bias is None or has_whole_bias else outputs + bias

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "output_shape": self.partial_output_shape}


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
