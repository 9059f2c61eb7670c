"""Operators on symbolic tensors."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.backend import clear_session
from kplug.errors import ArgumentValueError, GraphError
from kplug.layers import Dense, Input, Multiply, TensorOperation
from kplug.models import Model, load_model
from kplug.registry.quoting import name_type


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    clear_session()


ONE = torch.tensor([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
TWO = torch.tensor([[2.0, 3.0, 0.5], [1.5, -2.5, 2.0]])

UNARY: list[Callable[[Any], Any]] = [
    operator.neg,
    abs,
    lambda x: x + 1,
    lambda x: 1 + x,
    lambda x: x - 2.5,
    lambda x: 2 - x,
    lambda x: x * 3,
    lambda x: 3 * x,
    lambda x: x / 2,
    lambda x: 2 / x,
    lambda x: x // 2,
    lambda x: 5 // x,
    lambda x: x % 2,
    lambda x: 7 % x,
    lambda x: x**2,
    lambda x: 2**x,
    lambda x: x < 1,
    lambda x: x <= 1.5,
    lambda x: x > 1,
    lambda x: x >= 1.5,
    lambda x: x[:, 0],
    lambda x: x[:, 1:],
    lambda x: x[:, ::2],
    lambda x: x[..., -1],
    lambda x: x[:, None, 1:2],
    lambda x: x * np.float32(2),
]
BINARY = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.lt,
    operator.ge,
]


@pytest.mark.parametrize("function", UNARY)
def test_operators_with_numbers(function: Callable[[Any], Any]) -> None:
    inputs = Input((3,))
    outputs = function(inputs)
    model = Model(inputs, outputs)
    expected = function(ONE)
    torch.testing.assert_close(model(ONE), expected)
    assert outputs.shape == (None, *expected.shape[1:])
    assert outputs.dtype == str(expected.dtype).removeprefix("torch.")
    again = Model.from_config(json.loads(json.dumps(model.get_config())))
    torch.testing.assert_close(again(ONE), expected)


@pytest.mark.parametrize("function", BINARY)
def test_operators_between_symbolic_tensors(function: Callable[[Any, Any], Any]) -> None:
    one, two = Input((3,)), Input((3,))
    model = Model([one, two], function(one, two))
    torch.testing.assert_close(model([ONE, TWO]), function(ONE, TWO))


def test_matrices_are_multiplied() -> None:
    one, two = Input((2, 3)), Input((3, 4))
    left, right = torch.rand(5, 2, 3), torch.rand(5, 3, 4)
    torch.testing.assert_close(Model([one, two], one @ two)([left, right]), left @ right)


@pytest.mark.parametrize("function", UNARY[2:16])
def test_operators_give_keras_values(function: Callable[[Any], Any]) -> None:
    theirs = keras.Input((3,))
    inputs = Input((3,))
    expected = keras.Model(theirs, function(theirs))(ONE.numpy())
    torch.testing.assert_close(Model(inputs, function(inputs))(ONE), expected)


def test_operations_are_named_like_keras_functions() -> None:
    inputs = Input((3,))
    model = Model(inputs, Multiply()([inputs * 2, (inputs / 2)[:, :3]]))
    assert [layer.name for layer in model.layers] == [
        "input_layer",
        "true_divide",
        "multiply_1",
        "get_item",
        "multiply",
    ]


def test_gradients_go_through() -> None:
    inputs = Input((3,))
    dense: Any = Dense(3)
    model = Model(inputs, 2 - dense(inputs) ** 2)
    model(ONE).sum().backward()
    kernel = dense.kernel.detach().clone().requires_grad_()
    (2 - (ONE @ kernel + dense.bias.detach()) ** 2).sum().backward()
    torch.testing.assert_close(dense.kernel.grad, kernel.grad)


@pytest.mark.parametrize("constant", [np.array([[1.0, 2.0, 3.0]]), np.arange(3)])
def test_constants_are_operands_on_both_sides(constant: Any, tmp_path: Path) -> None:
    inputs = Input((3,))
    model = Model(inputs, constant * (inputs - constant))
    made = model(ONE)
    assert made.dtype == torch.float32
    values = torch.as_tensor(constant, dtype=torch.float32)
    torch.testing.assert_close(made, values * (ONE - values))
    model.save(tmp_path / "constants.keras")
    torch.testing.assert_close(load_model(tmp_path / "constants.keras")(ONE), made)


@pytest.mark.parametrize("other", [torch.ones(3), "text", [1, 2, 3]])
def test_other_operands_are_refused(other: Any) -> None:
    inputs = Input((3,))
    with pytest.raises(GraphError) as caught:
        _ = inputs + other
    assert str(caught.value) == (
        f"'add' of a symbolic tensor and {name_type(other)} is not possible: "
        "operands are symbolic tensors, numbers and arrays\n"
        "  Give values that differ from sample to sample through an Input, others by a layer."
    )


@pytest.mark.parametrize("key", ["name", 1.5, True, slice("a"), (0, [1])])
def test_other_keys_are_refused(key: Any) -> None:
    with pytest.raises(GraphError, match="a symbolic tensor cannot be indexed by"):
        _ = Input((3,))[key]


def test_integers_of_numpy_are_keys(tmp_path: Path) -> None:
    inputs = Input((3,))
    place = np.argmax([1.0, 5.0, 3.0])
    model = Model(inputs, [inputs[:, place], inputs[:, : np.int32(2)]])
    values = torch.arange(6.0).reshape(2, 3)
    for found, wanted in zip(model(values), (values[:, 1], values[:, :2]), strict=True):
        torch.testing.assert_close(found, wanted)
    model.save(tmp_path / "keys.keras")
    torch.testing.assert_close(load_model(tmp_path / "keys.keras")(values)[0], values[:, 1])


def test_unknown_operations_are_refused() -> None:
    with pytest.raises(ArgumentValueError) as caught:
        TensorOperation("substract")
    assert str(caught.value).startswith(
        "TensorOperation: argument 'operation' is 'substract'; allowed: the name of a function of "
        "kplug.ops, such as 'subtract' or "
    )


def test_symbolic_tensors_are_equal_to_themselves_alone() -> None:
    one, two = Input((3,)), Input((3,))
    assert one == one
    assert one != two
    assert len({one, two, one}) == 2


def test_operands_that_do_not_fit_are_shown_with_their_shapes() -> None:
    with pytest.raises(GraphError) as caught:
        Input((5,)) + Input((4,))
    pattern = r"layer 'add(_\d+)?' cannot be run on inputs of shape \(None, 5\), \(None, 4\): "
    assert re.match(pattern, str(caught.value))
