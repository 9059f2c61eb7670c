"""Former layers: those removed after Keras 1 and 2, and those renamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from kplug import activations, backend as K, layers
from kplug.layers import Layer
from kplug_keras2.arguments.positional import read_positions

__all__ = [
    "CuDNNGRU",
    "CuDNNLSTM",
    "Highway",
    "MaxoutDense",
    "ParametricSoftplus",
    "SReLU",
    "ThresholdedReLU",
]

_OF_CUDNN = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def CuDNNLSTM(units: int, **options: Any) -> Any:  # noqa: N802
    """Return an LSTM with the activations that cuDNN's has."""
    return layers.LSTM(units, **{**_OF_CUDNN, **options})


def CuDNNGRU(units: int, **options: Any) -> Any:  # noqa: N802
    """Return a GRU with the activations and biases that cuDNN's has."""
    return layers.GRU(units, **{**_OF_CUDNN, "reset_after": True, **options})


def ThresholdedReLU(theta: float = 1.0, **options: Any) -> Any:  # noqa: N802
    """Return x where x > theta, else 0."""
    spec = f"kplug/threshold(threshold={float(theta)!r}, default_value=0.0)"
    return layers.Activation(spec, **options)


def _with_rates(make: Callable[..., Any], owner: str) -> Callable[..., Any]:
    """Rename ``atrous_rate`` to the dilation of a convolution."""

    def made(*args: Any, atrous_rate: Any = 1, **options: Any) -> Any:
        return make(*read_positions(owner, args), dilation_rate=atrous_rate, **options)

    made.__name__ = f"Atrous{owner}"
    made.__doc__ = f"Return a ``{owner}`` whose kernel has holes."
    return made


def make_atrous(aliases: dict[str, Any]) -> dict[str, Any]:
    """Return Keras 1's dilated convolutions, built from today's aliases."""
    made = {axes: _with_rates(aliases[f"Conv{axes}D"], f"Conv{axes}D") for axes in (1, 2)}
    names = ("AtrousConv", "AtrousConvolution")
    return {f"{name}{axes}D": made[axes] for name in names for axes in made}


class MaxoutDense(Layer):
    """The largest of several linear functions: max over k of x · W_k + b_k.

    Args:
        output_dim: Size of the outputs.
        nb_feature: How many functions there are.
        init: Initializer of their kernels.
        W_regularizer: Regularizer of the kernels.
        b_regularizer: Regularizer of the biases.
        bias: Whether there are biases.
        **options: As for any layer.
    """

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Any = "glorot_uniform",
        W_regularizer: Any = None,  # noqa: N803 - Keras's name
        b_regularizer: Any = None,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.output_dim, self.nb_feature, self.bias = output_dim, nb_feature, bias
        self.add_slot("init", "initializer", init)
        self.add_slot("W_regularizer", "regularizer", W_regularizer)
        self.add_slot("b_regularizer", "regularizer", b_regularizer)

    def build(self, input_shape: Any) -> None:
        """Add kernels and biases."""
        shape = (self.nb_feature, input_shape[-1], self.output_dim)
        self.W = self.add_weight("W", shape, "init", "W_regularizer")
        if self.bias:
            self.b = self.add_weight(
                "b", (self.nb_feature, self.output_dim), "zeros", "b_regularizer"
            )

    def call(self, inputs: Tensor) -> Tensor:
        """Return the largest value of each output."""
        found = K.dot(inputs, self.W)
        largest: Tensor = K.max(found + self.b if self.bias else found, axis=1)
        return largest


class Highway(Layer):
    """A dense layer and its input, weighted by a gate: t · f(x · W + b) + (1 − t) · x.

    Args:
        init: Initializer of both kernels.
        activation: The function f.
        W_regularizer: Regularizer of the layer's own kernel.
        b_regularizer: Regularizer of its own bias.
        bias: Whether there are biases.
        **options: As for any layer.
    """

    def __init__(
        self,
        init: Any = "glorot_uniform",
        activation: Any = None,
        W_regularizer: Any = None,  # noqa: N803 - Keras's name
        b_regularizer: Any = None,
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.activation, self.bias = activations.get(activation), bias
        self.add_slot("init", "initializer", init)
        self.add_slot("W_regularizer", "regularizer", W_regularizer)
        self.add_slot("b_regularizer", "regularizer", b_regularizer)

    def build(self, input_shape: Any) -> None:
        """Add the kernels and biases of the layer and of its gate."""
        size = input_shape[-1]
        self.W = self.add_weight("W", (size, size), "init", "W_regularizer")
        self.W_carry = self.add_weight("W_carry", (size, size), "init")
        if self.bias:
            self.b = self.add_weight("b", (size,), "zeros", "b_regularizer")
            self.b_carry = self.add_weight("b_carry", (size,), "ones")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the weighted sum."""
        gate, found = K.dot(inputs, self.W_carry), K.dot(inputs, self.W)
        if self.bias:
            gate, found = gate + self.b_carry, found + self.b
        share = K.sigmoid(gate)
        output: Tensor = self.activation(found) * share + (1 - share) * inputs
        return output


class ParametricSoftplus(Layer):
    """α · log(1 + exp(β · x)), with a learned α and β for each element of a sample.

    Args:
        alpha_init: The first α.
        beta_init: The first β.
        weights: Both, as arrays.
        shared_axes: Axes along which they are shared.
        **options: As for any layer.
    """

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        weights: Any = None,
        shared_axes: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(weights=weights, **options)
        self.alpha_init, self.beta_init, self.shared_axes = alpha_init, beta_init, shared_axes

    def build(self, input_shape: Any) -> None:
        """Add α and β."""
        shape = _share_axes(input_shape, self.shared_axes)
        self.alphas = self.add_weight("alphas", shape, f"constant({float(self.alpha_init)})")
        self.betas = self.add_weight("betas", shape, f"constant({float(self.beta_init)})")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of each element."""
        output: Tensor = K.softplus(self.betas * inputs) * self.alphas
        return output


class SReLU(Layer):
    """A function of three straight parts: the slopes outside and the two borders are learned.

    Args:
        t_left_init: Initializer of the left border.
        a_left_init: Initializer of the left slope.
        t_right_init: Initializer of the distance of the right border.
        a_right_init: Initializer of the right slope.
        shared_axes: Axes along which they are shared.
        **options: As for any layer.
    """

    def __init__(
        self,
        t_left_init: Any = "zeros",
        a_left_init: Any = "glorot_uniform",
        t_right_init: Any = "glorot_uniform",
        a_right_init: Any = "ones",
        shared_axes: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.shared_axes = shared_axes
        given = {
            "t_left": t_left_init,
            "a_left": a_left_init,
            "t_right": t_right_init,
            "a_right": a_right_init,
        }
        for name, initializer in given.items():
            self.add_slot(f"{name}_init", "initializer", initializer)

    def build(self, input_shape: Any) -> None:
        """Add borders and slopes."""
        shape = _share_axes(input_shape, self.shared_axes)
        self.t_left = self.add_weight("t_left", shape, "t_left_init")
        self.a_left = self.add_weight("a_left", shape, "a_left_init")
        self.t_right = self.add_weight("t_right", shape, "t_right_init")
        self.a_right = self.add_weight("a_right", shape, "a_right_init")

    def call(self, inputs: Tensor) -> Tensor:
        """Return the function of each element."""
        width = K.abs(self.t_right)
        moved = inputs - self.t_left
        left_and_middle = K.minimum(K.maximum(moved, 0.0), width) + self.a_left * K.minimum(
            moved, 0.0
        )
        right = self.a_right * K.maximum(moved - width, 0.0)
        output: Tensor = self.t_left + left_and_middle + right
        return output


def _share_axes(input_shape: Any, shared_axes: Any) -> tuple[int, ...]:
    sizes = list(input_shape[1:])
    for axis in shared_axes or ():
        sizes[axis - 1] = 1
    return tuple(sizes)
