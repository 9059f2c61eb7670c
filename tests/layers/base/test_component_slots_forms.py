"""Every slot takes every form: text, text with arguments, both dicts, a callable, a class, an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug import activations, initializers, regularizers
from kplug.layers import Conv2D, Dense
from kplug.models import Sequential

INPUTS = torch.tensor([[1.0, -2.0, 3.0]])


def half(shape: Any, dtype: Any = None) -> Tensor:
    return torch.full(tuple(shape), 0.5, dtype=dtype)


def double_l1(weight_matrix: Tensor) -> Tensor:
    return 2.0 * weight_matrix.abs().sum()


def negative(x: Tensor) -> Tensor:
    return -x


# Each form with the value it gives to a weight.
INITIALIZERS: list[tuple[object, float]] = [
    ("ones", 1.0),
    ("constant(value=0.25)", 0.25),
    ({"name": "constant", "args": {"value": 0.25}}, 0.25),
    ({"class_name": "Constant", "config": {"value": 0.25}}, 0.25),
    (half, 0.5),
    (lambda shape: np.full(shape, 0.75), 0.75),
    (initializers.Ones, 1.0),
    (initializers.Constant(0.125), 0.125),
]

# Each form with what it charges for [1, -2].
REGULARIZERS: list[tuple[object, float]] = [
    ("l1", 0.03),
    ("l1_l2(l1=0.5, l2=1.0)", 6.5),
    ({"name": "l2", "args": {"l2": 2.0}}, 10.0),
    ({"class_name": "L2", "config": {"l2": 2.0}}, 10.0),
    (double_l1, 6.0),
    (regularizers.L2, 0.05),
    (regularizers.l1(0.5), 1.5),
]

# Each form with what it makes of [1, -2].
ACTIVATIONS: list[tuple[object, list[float]]] = [
    ("relu", [1.0, 0.0]),
    ("leaky_relu(negative_slope=0.5)", [1.0, -1.0]),
    ({"name": "leaky_relu", "args": {"negative_slope": 0.5}}, [1.0, -1.0]),
    ({"class_name": "leaky_relu", "config": {"negative_slope": 0.5}}, [1.0, -1.0]),
    (negative, [-1.0, 2.0]),
    (activations.relu, [1.0, 0.0]),
    (torch.nn.ReLU, [1.0, 0.0]),
    (torch.nn.LeakyReLU(0.5), [1.0, -1.0]),
    (None, [1.0, -2.0]),
]


def make_dense(**slots: Any) -> Any:
    return Dense(2, **slots)


def make_convolution(**slots: Any) -> Any:
    return Conv2D(2, 1, **slots)


LAYERS: list[tuple[Callable[..., Any], tuple[int, ...]]] = [
    (make_dense, (3,)),
    (make_convolution, (1, 1, 3)),
]
both_layers = pytest.mark.parametrize(("make", "shape"), LAYERS, ids=["Dense", "Conv2D"])


def compile_with(make: Callable[..., Any], shape: tuple[int, ...], **slots: Any) -> Any:
    """Return the layer of a compiled model: the slots are resolved as ``compile`` does it."""
    layer = make(input_shape=shape, **slots)
    Sequential([layer]).compile(loss="mse", optimizer="sgd")
    return layer


@both_layers
@pytest.mark.parametrize("slot", ["kernel_initializer", "bias_initializer"])
@pytest.mark.parametrize(("given", "value"), INITIALIZERS)
def test_initializers(
    make: Callable[..., Any], shape: tuple[int, ...], slot: str, given: object, value: float
) -> None:
    layer = compile_with(make, shape, **{slot: given})
    weight = layer.get_weights()[slot == "bias_initializer"]
    np.testing.assert_array_equal(weight, np.full(weight.shape, value, "float32"))


@both_layers
@pytest.mark.parametrize("slot", ["kernel_regularizer", "bias_regularizer"])
@pytest.mark.parametrize(("given", "penalty"), REGULARIZERS)
def test_weight_regularizers(
    make: Callable[..., Any], shape: tuple[int, ...], slot: str, given: object, penalty: float
) -> None:
    layer = compile_with(make, shape, **{slot: given})
    kernel, bias = (np.zeros_like(weight) for weight in layer.get_weights())
    (bias if slot == "bias_regularizer" else kernel).flat[:2] = [1.0, -2.0]
    layer.set_weights([kernel, bias])
    (found,) = layer.losses
    assert float(found.detach()) == pytest.approx(penalty)


@both_layers
@pytest.mark.parametrize(("given", "penalty"), REGULARIZERS)
def test_activity_regularizers(
    make: Callable[..., Any], shape: tuple[int, ...], given: object, penalty: float
) -> None:
    layer = compile_with(make, shape, activity_regularizer=given)
    kernel, _ = layer.get_weights()
    layer.set_weights([np.zeros_like(kernel), np.array([1.0, -2.0])])
    layer(INPUTS.reshape(1, *shape))
    (found,) = layer.losses
    assert float(found.detach()) == pytest.approx(penalty)


@both_layers
@pytest.mark.parametrize(("given", "outputs"), ACTIVATIONS)
def test_activations(
    make: Callable[..., Any], shape: tuple[int, ...], given: object, outputs: list[float]
) -> None:
    layer = compile_with(make, shape, activation=given)
    kernel, _ = layer.get_weights()
    layer.set_weights([np.zeros_like(kernel), np.array([1.0, -2.0])])
    made = layer(INPUTS.reshape(1, *shape))
    assert made.flatten().tolist() == pytest.approx(outputs)
