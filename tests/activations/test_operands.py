"""Activations called on arrays, numbers and symbolic tensors, as Keras's are."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug import activations
from kplug.builtins.activations import COMPONENTS
from kplug.errors import DataError
from kplug.layers import Input
from kplug.models import Model

ROWS = np.array([[-1.5, 0.25, 2.0, 0.75]])
ARGUMENTS: dict[str, dict[str, float]] = {"threshold": {"threshold": 0.5, "default_value": 0.0}}


def _name_functions() -> list[str]:
    return sorted({str(one.target).rpartition(":")[-1] for one in COMPONENTS.values()})


@pytest.mark.parametrize("name", _name_functions())
def test_an_array_and_a_list_are_taken_by_every_activation(name: str) -> None:
    function, arguments = getattr(activations, name), ARGUMENTS.get(name, {})
    expected = function(torch.from_numpy(ROWS), **arguments)
    made = function(ROWS, **arguments)
    assert made.dtype == torch.float64
    torch.testing.assert_close(made, expected)
    of_list = function(ROWS.tolist(), **arguments)
    assert of_list.dtype == torch.float32
    torch.testing.assert_close(of_list, expected.float())


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "softsign", "relu6", "exponential"])
def test_integers_are_those_of_keras(name: str) -> None:
    given = np.array([[1, -2, 9]])
    made, theirs = getattr(activations, name)(given), getattr(keras.activations, name)(given)
    assert str(made.dtype) == str(theirs.dtype)
    torch.testing.assert_close(made, theirs)


def test_integers_that_no_kernel_computes_with_become_floats() -> None:
    made = activations.softmax([[0, 0]])
    torch.testing.assert_close(made, torch.tensor([[0.5, 0.5]]))


@pytest.mark.parametrize("name", _name_functions())
@pytest.mark.parametrize("given", [None, "abc", ["a"], {"a": 1}, np.array([None])])
def test_something_else_is_refused_with_the_name_of_the_activation(name: str, given: Any) -> None:
    with pytest.raises(DataError, match=rf"^{name}: .* cannot become a tensor"):
        getattr(activations, name)(given, **ARGUMENTS.get(name, {}))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("relu", {}),
        ("relu", {"max_value": 1.0, "negative_slope": 0.5}),
        ("softmax", {}),
        ("gelu", {"approximate": True}),
        ("threshold", {"threshold": 0.5, "default_value": 0.0}),
    ],
)
def test_a_symbolic_tensor_gets_an_activation_layer(name: str, arguments: dict[str, Any]) -> None:
    function = getattr(activations, name)
    inputs = Input((4,))
    model = Model(inputs, function(inputs, **arguments))
    expected = function(torch.from_numpy(ROWS).float(), **arguments)
    torch.testing.assert_close(model(torch.from_numpy(ROWS).float()), expected)
    again = Model.from_config(model.get_config())
    torch.testing.assert_close(again(torch.from_numpy(ROWS).float()), expected)
