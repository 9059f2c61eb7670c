"""What a functional model refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug import backend, layers
from kplug.errors import ArgumentError, DataError, GraphError, WeightsError
from kplug.models import Model, Sequential


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()


def _raised(error: type[Exception], function: Any) -> str:
    with pytest.raises(error) as caught:
        function()
    return str(caught.value)


def _make_sum() -> Any:
    one, two = layers.Input((3,), name="one"), layers.Input((3,), name="two")
    return one, two, layers.Add(name="sum")([one, two])


def test_a_disconnected_graph_names_the_output_and_the_input() -> None:
    one, _, total = _make_sum()
    outputs = layers.Dense(1, name="last")(total)
    assert _raised(GraphError, lambda: Model(one, [one, outputs], name="m")) == (
        "graph disconnected: output 'last' depends on input 'two' through layer 'sum', "
        "and that is not among the inputs ('one')\n"
        "  Give every Input that the outputs are made of."
    )


def test_two_layers_of_one_name_are_named() -> None:
    inputs = layers.Input((3,))
    outputs = layers.Dropout(0.1, name="twice")(layers.Dense(2, name="twice")(inputs))
    assert _raised(GraphError, lambda: Model(inputs, outputs, name="m")) == (
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
    message = _raised(GraphError, lambda: setattr(inner, "part", value))
    assert message == "model 'm' cannot be a layer of itself"
    assert _raised(GraphError, lambda: outer.add(outer)) == (
        "model 'outer' cannot be a layer of itself"
    )


def test_an_output_that_is_no_symbolic_tensor_is_refused() -> None:
    inputs = layers.Input((3,))
    assert _raised(GraphError, lambda: Model(inputs, [torch.ones(1)], name="m")) == (
        "model 'm': an output is of type Tensor, and no symbolic tensor\n"
        "  Outputs are what layers return when they are called on an Input."
    )
    assert _raised(GraphError, lambda: Model(inputs, [], name="m")).startswith(
        "model 'm' has no outputs\n"
    )


def test_an_input_that_is_no_input_is_refused() -> None:
    inputs = layers.Input((3,))
    hidden = layers.Dense(2, name="hidden")(inputs)
    outputs = layers.Dense(2)(hidden)
    assert _raised(GraphError, lambda: Model(hidden, outputs, name="m")) == (
        "model 'm': input 'hidden' is the output of layer 'hidden', and no Input\n"
        "  Make an Input of its shape, and call the layers that follow on that."
    )
    assert _raised(GraphError, lambda: Model({"a": 3}, outputs, name="m")) == (
        "model 'm': an input is of type int, and no symbolic tensor\n"
        "  Input(shape) makes a symbolic tensor."
    )
    assert _raised(GraphError, lambda: Model([inputs, inputs], outputs, name="m")) == (
        "model 'm': input 'input_layer' is given twice"
    )


def test_unknown_keywords_are_suggested() -> None:
    inputs = layers.Input((3,))
    outputs = layers.Dense(2)(inputs)
    assert _raised(ArgumentError, lambda: Model(input=inputs, output=outputs)).startswith(
        "Model has no arguments 'input', 'output'. Did you mean 'inputs', 'outputs'?"
    )
    assert _raised(ArgumentError, lambda: Model(inputs=inputs, output=outputs)).startswith(
        "Model has no argument 'output'. Did you mean 'outputs'?"
    )
    assert _raised(ArgumentError, lambda: Model(inputs, outputs, nam="m")).startswith(
        "Functional has no argument 'nam'. Did you mean 'name'?"
    )
    assert _raised(ArgumentError, lambda: Model(inputs)) == (
        "Model got inputs alone\n  A model of symbolic tensors is Model(inputs=…, outputs=…)."
    )


def test_a_wrong_number_of_inputs_is_named() -> None:
    one, two, total = _make_sum()
    model: Any = Model([one, two], total, name="m")
    data = torch.zeros(2, 3)
    assert _raised(DataError, lambda: model([data])) == (
        "model 'm' takes 2 inputs, got a list of 1\n  Give a list or a dict of 'one', 'two'."
    )
    assert _raised(DataError, lambda: model(data)) == (
        "model 'm' takes 2 inputs, got one Tensor\n  Give a list or a dict of 'one', 'two'."
    )
    single: Any = Model(one, layers.Dense(1)(one), name="single")
    assert _raised(DataError, lambda: single([data, data])) == (
        "model 'single' takes 1 input, got a list of 2\n  Give a list or a dict of 'one'."
    )
    assert "got one SymbolicTensor" in _raised(DataError, lambda: model(layers.Input((3,))))


def test_a_missing_name_is_suggested() -> None:
    one, two, total = _make_sum()
    model: Any = Model([one, two], total, name="m")
    data = torch.zeros(2, 3)
    assert _raised(DataError, lambda: model({"one": data, "tow": data})) == (
        "model 'm' got nothing for input 'two'; it was given 'one', 'tow'\n"
        "  There is no input 'tow'. Did you mean 'two'? Its inputs are 'one', 'two'."
    )


def test_a_wrong_form_of_nested_inputs_is_named() -> None:
    one, two, total = _make_sum()
    model: Any = Model({"pair": [one, two]}, total, name="m")
    data = torch.zeros(2, 3)
    assert _raised(DataError, lambda: model({"pair": [data]})) == (
        "model 'm' takes 2 inputs, got a dict with 'pair'\n"
        "  Give a list of 2 in 'pair', or a dict with 'one', 'two'."
    )


def test_wrong_shapes_name_the_input() -> None:
    one, two, total = _make_sum()
    model: Any = Model([one, two], total, name="m")
    message = "model 'm' expects input 'two' of shape (None, 3), got shape (2, 4)"
    assert _raised(DataError, lambda: model([torch.zeros(2, 3), torch.zeros(2, 4)])) == message
    symbolic = model([layers.Input((3,)), layers.Input((5,))])
    assert _raised(DataError, lambda: symbolic.shape) == message.replace("(2, 4)", "(None, 5)")


def test_wrong_weights_change_nothing() -> None:
    one, _, _ = _make_sum()
    model: Any = Model(one, layers.Dense(2, name="d")(one), name="m")
    before = model.get_weights()
    zeros = [torch.zeros(3, 2), torch.zeros(3)]
    assert "has shape (2,), the array has shape (3,)" in _raised(
        WeightsError, lambda: model.set_weights(zeros)
    )
    assert "has 2 weights, got 1 array" in _raised(
        WeightsError, lambda: model.set_weights(zeros[:1])
    )
    for array, kept in zip(model.get_weights(), before, strict=True):
        assert (array == kept).all()
