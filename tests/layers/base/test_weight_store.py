"""Weights: Keras's shapes outside, torch's order in memory, checked before they are assigned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kplug.errors import (
    ArgumentValueError,
)
from kplug.layers import Conv2D, Dense, Layer


def _dense() -> Dense:
    layer = Dense(3, name="d")
    layer.build_for((None, 4))
    return layer


def _conv(groups: int = 1) -> Conv2D:
    layer = Conv2D(8, (3, 5), groups=groups, name="c")
    layer.build_for((None, 9, 9, 4))
    return layer


def test_dense_kernel_lies_in_memory_as_in_files() -> None:
    kernel = _dense().kernel
    assert kernel.shape == (4, 3)
    assert kernel.is_contiguous()


@pytest.mark.parametrize("groups", [1, 2])
def test_conv_kernel_is_channels_last_in_memory(groups: int) -> None:
    kernel = _conv(groups).kernel
    assert kernel.shape == (3, 5, 4 // groups, 8)
    turned = kernel.permute(3, 2, 0, 1)
    assert turned.is_contiguous(memory_format=torch.channels_last)
    assert turned.contiguous(memory_format=torch.channels_last).data_ptr() == kernel.data_ptr()


@pytest.mark.parametrize(
    ("layer", "x"), [(_dense(), torch.randn(5, 4)), (_conv(), torch.randn(2, 9, 9, 4))]
)
def test_gradient_has_the_strides_of_the_weight(layer: Any, x: Tensor) -> None:
    layer(x).square().sum().backward()
    assert layer.kernel.grad.shape == layer.kernel.shape
    assert layer.kernel.grad.stride() == layer.kernel.stride()


def test_fused_optimizer_takes_the_weights() -> None:
    layer, plain = _conv(), nn.Conv2d(4, 8, (3, 5))
    with torch.no_grad():
        plain.weight.copy_(layer.kernel.permute(3, 2, 0, 1))
        plain.bias.copy_(layer.bias)  # type: ignore[union-attr, arg-type]
    x = torch.randn(2, 9, 9, 4)
    for module, inputs in ((layer, x), (plain, x.permute(0, 3, 1, 2))):
        optimizer = torch.optim.Adam(module.parameters(), lr=0.1, fused=True)
        module(inputs).square().mean().backward()
        optimizer.step()
    torch.testing.assert_close(layer.kernel.permute(3, 2, 0, 1), plain.weight, rtol=1e-4, atol=1e-5)


def test_kernel_gradient_equals_that_of_plain_torch() -> None:
    layer, x = _conv(), torch.randn(2, 9, 9, 4)
    weight = layer.kernel.detach().permute(3, 2, 0, 1).clone().requires_grad_()
    layer(x).square().sum().backward()
    expected: Any = F.conv2d(x.permute(0, 3, 1, 2), weight)
    expected.square().sum().backward()
    assert weight.grad is not None
    torch.testing.assert_close(
        layer.kernel.grad, weight.grad.permute(2, 3, 1, 0), rtol=1e-4, atol=1e-4
    )


def test_scalar_and_integer_weights() -> None:
    class Counts(Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight("scale")
            self.steps = self.add_weight("steps", (2,), "ones", trainable=False, dtype="int32")

        def call(self, inputs: Tensor) -> Any:
            return inputs * self.scale

    layer = Counts()
    layer.build_for((None, 1))
    assert [weight.tolist() for weight in layer.get_weights()] == [0.0, [1, 1]]
    assert layer.count_params() == 3


def test_weights_go_to_the_default_device_of_their_making() -> None:
    assert _dense().kernel.device == torch.get_default_device()


def test_weights_without_names_are_numbered() -> None:
    class Affine(Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], 2), initializer="ones")
            self.b = self.add_weight(shape=(2,), initializer="ones")

        def call(self, inputs: Tensor) -> Tensor:
            outputs: Tensor = inputs @ self.w + self.b
            return outputs

    layer = Affine()
    assert layer(torch.ones(1, 3)).tolist() == [[4.0, 4.0]]
    assert [name for name, _ in layer.named_weights()] == ["variable", "variable_1"]


def test_a_shape_in_the_place_of_the_name_is_told() -> None:
    class Wrong(Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight((input_shape[-1], 2))  # type: ignore[arg-type]

    with pytest.raises(ArgumentValueError) as caught:
        Wrong()(torch.ones(1, 3))
    assert str(caught.value) == (
        "Wrong.add_weight: argument 'name' is (3, 2); allowed: a string\n"
        "  Give the shape by its keyword: add_weight(shape=(3, 2))."
    )


def test_a_layer_of_one_input_that_is_called_on_two_says_so() -> None:
    class Rows(Layer):
        def build(self, input_shape: Any) -> None:
            self.add_weight("w", (input_shape[-1], 3))

    with pytest.raises(ArgumentValueError) as caught:
        Rows(name="d")([torch.ones(2, 4), torch.ones(2, 4)])
    assert str(caught.value) == (
        "Rows.add_weight: argument 'shape' is ((None, 4), 3); allowed: integers >= 0, all known\n"
        "  Layer 'd' was called on several tensors. If it takes one, join them first: "
        "Concatenate()([…])."
    )


def test_weight_names_are_checked() -> None:
    layer = _dense()
    with pytest.raises(ArgumentValueError, match="a name that the layer does not have yet"):
        layer.add_weight("bias", ())
    with pytest.raises(ArgumentValueError, match="a name that the layer does not have yet"):
        layer.add_weight("units", ())
    with pytest.raises(ArgumentValueError, match="a name without"):
        layer.add_weight("a.b", ())
    with pytest.raises(ArgumentValueError, match="integers >= 0, all known"):
        layer.add_weight("c", (None, 2))  # type: ignore[arg-type]


def test_a_weight_that_is_not_trained_takes_a_place_that_was_kept_free() -> None:
    """Keras's way: the constructor says None, ``build`` assigns the weight."""

    class Counter(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mean: Any = None

        def build(self, input_shape: Any) -> None:
            self.mean = self.add_weight("m", input_shape[-1:], "ones", trainable=False)

        def call(self, inputs: Tensor) -> Any:
            return inputs - self.mean

    layer = Counter()
    assert layer(torch.full((1, 2), 3.0)).tolist() == [[2.0, 2.0]]
    assert [name for name, _ in layer.named_buffers()] == ["mean"]
    layer.set_weights([np.zeros(2)])
    assert layer(torch.full((1, 2), 3.0)).tolist() == [[3.0, 3.0]]
