"""Errors of functional models: disconnected graphs, unknown keywords and wrong weights."""

from __future__ import annotations

from typing import Any

import torch

from kplug import layers
from kplug.errors import ArgumentError, GraphError, WeightsError
from kplug.models import Model
from tests.models.graphs import make_sum, raised


def test_a_disconnected_graph_names_the_output_and_the_input() -> None:
    one, _, total = make_sum()
    outputs = layers.Dense(1, name="last")(total)
    assert raised(GraphError, lambda: Model(one, [one, outputs], name="m")) == (
        "graph disconnected: output 'last' depends on input 'two' through layer 'sum', "
        "and that is not among the inputs ('one')\n"
        "  Give every Input that the outputs are made of."
    )


def test_unknown_keywords_are_suggested() -> None:
    inputs = layers.Input((3,))
    outputs = layers.Dense(2)(inputs)
    assert raised(ArgumentError, lambda: Model(input=inputs, output=outputs)).startswith(
        "Model has no arguments 'input', 'output'. Did you mean 'inputs', 'outputs'?"
    )
    assert raised(ArgumentError, lambda: Model(inputs=inputs, output=outputs)).startswith(
        "Model has no argument 'output'. Did you mean 'outputs'?"
    )
    assert raised(ArgumentError, lambda: Model(inputs, outputs, nam="m")).startswith(
        "Functional has no argument 'nam'. Did you mean 'name'?"
    )
    assert raised(ArgumentError, lambda: Model(inputs)) == (
        "Model got inputs alone\n  A model of symbolic tensors is Model(inputs=…, outputs=…)."
    )


def test_wrong_weights_change_nothing() -> None:
    one, _, _ = make_sum()
    model: Any = Model(one, layers.Dense(2, name="d")(one), name="m")
    before = model.get_weights()
    zeros = [torch.zeros(3, 2), torch.zeros(3)]
    assert "has shape (2,), the array has shape (3,)" in raised(
        WeightsError, lambda: model.set_weights(zeros)
    )
    assert "has 2 weights, got 1 array" in raised(
        WeightsError, lambda: model.set_weights(zeros[:1])
    )
    for array, kept in zip(model.get_weights(), before, strict=True):
        assert (array == kept).all()
