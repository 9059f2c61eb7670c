"""Graphs that no model can be made of."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import layers
from kplug.errors import GraphError
from kplug.models import Model, Sequential
from tests.models.graphs import raised


def test_two_layers_of_one_name_are_named() -> None:
    inputs = layers.Input((3,))
    outputs = layers.Dropout(0.1, name="twice")(layers.Dense(2, name="twice")(inputs))
    assert raised(GraphError, lambda: Model(inputs, outputs, name="m")) == (
        "model 'm' has two layers named 'twice': a Dense and a Dropout\n"
        "  Names are unique in a model; give one of them another name=…."
    )


@pytest.mark.parametrize("holder", ["attribute", "list", "dict", "nested"])
def test_a_model_inside_itself_is_refused(holder: str) -> None:
    inputs = layers.Input((3,))
    inner = Model(inputs, layers.Dense(2)(inputs), name="m")
    outer = Sequential([inner], name="outer")
    value: Any = {
        "attribute": inner,
        "list": [inner],
        "dict": {"a": [inner]},
        "nested": outer,
    }[holder]
    message = raised(GraphError, lambda: setattr(inner, "part", value))
    assert message == "model 'm' cannot be a layer of itself"
    assert raised(GraphError, lambda: outer.add(outer)) == (
        "model 'outer' cannot be a layer of itself"
    )


def test_an_output_that_is_no_symbolic_tensor_is_refused() -> None:
    inputs = layers.Input((3,))
    assert raised(GraphError, lambda: Model(inputs, [torch.ones(1)], name="m")) == (
        "model 'm': an output is of type Tensor, and no symbolic tensor\n"
        "  Outputs are what layers return when they are called on an Input."
    )
    assert raised(GraphError, lambda: Model(inputs, [], name="m")).startswith(
        "model 'm' has no outputs\n"
    )


def test_an_input_that_is_no_input_is_refused() -> None:
    inputs = layers.Input((3,))
    hidden = layers.Dense(2, name="hidden")(inputs)
    outputs = layers.Dense(2)(hidden)
    assert raised(GraphError, lambda: Model(hidden, outputs, name="m")) == (
        "model 'm': input 'hidden' is the output of layer 'hidden', and no Input\n"
        "  Make an Input of its shape, and call the layers that follow on that."
    )
    assert raised(GraphError, lambda: Model({"a": 3}, outputs, name="m")) == (
        "model 'm': an input is of type int, and no symbolic tensor\n"
        "  Input(shape) makes a symbolic tensor."
    )
    assert raised(GraphError, lambda: Model([inputs, inputs], outputs, name="m")) == (
        "model 'm': input 'input_layer' is given twice"
    )
