"""Weights: Keras's shapes outside, torch's order in memory, checked before they are assigned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kplug.errors import ArgumentValueError, NotBuiltError, WeightsError
from kplug.layers import Conv2D, Dense, Layer
from kplug.layers.base.weight_lists import assign_weights


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


def test_copies_in_numpy_are_apart_and_in_order() -> None:
    layer = _dense()
    kernel = layer.get_weights()[0]
    assert kernel.flags["C_CONTIGUOUS"]
    kernel[:] = 0.0
    assert float(layer.kernel.detach().abs().sum()) > 0.0


def test_set_and_get_are_inverse() -> None:
    layer = _conv()
    arrays = [np.arange(480.0).reshape(3, 5, 4, 8), np.arange(8)]
    layer.set_weights(arrays)
    for made, given in zip(layer.get_weights(), arrays, strict=True):
        np.testing.assert_array_equal(made, given)
    assert layer.kernel.permute(3, 2, 0, 1).is_contiguous(memory_format=torch.channels_last)


def test_tensors_read_only_and_big_endian_arrays_are_taken() -> None:
    layer = _dense()
    kernel = np.ones((4, 3), dtype=">f8")
    kernel.flags.writeable = False
    layer.set_weights([kernel, torch.full((3,), 2.0, requires_grad=True)])
    assert layer(torch.ones(1, 4)).tolist() == [[6.0, 6.0, 6.0]]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [np.zeros((4, 3))],
            "layer 'd' has 2 weights, got 1 array; nothing was assigned\n"
            "  Its weights are: kernel (4, 3), bias (3,).",
        ),
        (
            [np.zeros((4, 3)), np.zeros(3), np.zeros(3)],
            "layer 'd' has 2 weights, got 3 arrays; nothing was assigned\n"
            "  Its weights are: kernel (4, 3), bias (3,).",
        ),
        (
            [np.zeros((4, 3)), np.zeros(4)],
            "layer 'd': weight 'bias' has shape (3,), the array has shape (4,); "
            "nothing was assigned",
        ),
        (
            [np.zeros((4, 3)), "abc"],
            "layer 'd': what was given for weight 'bias' holds <U3 values; numbers are needed; "
            "nothing was assigned\n"
            "  Weights are arrays of numbers, one for each weight.",
        ),
        (
            [np.zeros((4, 3)), np.array([None, None, None])],
            "layer 'd': what was given for weight 'bias' holds object values; numbers are needed; "
            "nothing was assigned\n"
            "  Weights are arrays of numbers, one for each weight.",
        ),
    ],
)
def test_nothing_is_assigned_if_something_does_not_fit(values: Any, text: str) -> None:
    layer = _dense()
    before = layer.get_weights()
    with pytest.raises(WeightsError) as caught:
        layer.set_weights(values)
    assert str(caught.value) == text
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_layer_without_weights_takes_none() -> None:
    with pytest.raises(WeightsError, match="has 0 weights, got 1 array") as caught:
        assign_weights("layer 'x'", [], [np.zeros(1)])
    assert "Its weights are: none." in str(caught.value)


def test_count_of_an_unbuilt_layer_is_unknown() -> None:
    with pytest.raises(NotBuiltError) as caught:
        Dense(3, name="d").count_params()
    assert str(caught.value) == (
        "layer 'd' has no weights yet: its input shape is unknown\n"
        "  Give it an input_shape, or call it on data once."
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
