"""Inputs and outputs of a layer in a graph."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import kplug
from kplug.errors import (
    GraphError,
    NotBuiltError,
)
from kplug.layers import Dense, Input, Layer


def test_inputs_and_outputs_of_a_layer() -> None:
    layer, inputs = Dense(3), Input((4,))
    outputs = layer(inputs)
    assert layer.input is inputs
    assert layer.output is outputs
    assert (layer.input_shape, layer.output_shape) == ((None, 4), (None, 3))
    assert layer.get_input_at(0) is inputs
    assert layer.get_output_at(0) is outputs


def test_layer_outside_a_graph_has_no_input() -> None:
    with pytest.raises(NotBuiltError) as caught:
        _ = Dense(3).input
    assert str(caught.value).startswith(
        "layer 'dense' has no input: it was not called on a symbolic tensor"
    )


@pytest.mark.parametrize("library", [kplug, keras])
def test_a_shared_layer_answers_with_its_first_call(library: Any) -> None:
    layer, inputs = library.layers.Dense(3), library.Input((4,))
    outputs = layer(inputs)
    layer(library.Input((4,)))
    assert layer.input is inputs
    assert layer.output is outputs


def test_other_calls_of_a_shared_layer_have_numbers() -> None:
    layer = Dense(3)
    layer(Input((4,)))
    second = layer(Input((4,)))
    assert not hasattr(Dense(3), "output")
    assert layer.get_output_at(1) is second
    assert layer.get_output_shape_at(1) == (None, 3)
    assert layer.get_input_shape_at(-1) == (None, 4)
    with pytest.raises(GraphError, match="layer 'dense' has no node 2: it was called 2 times"):
        layer.get_output_at(2)


def test_shapes_of_a_shared_layer_mean_something_where_they_agree() -> None:
    layer = Dense(3)
    for shape in [(4,), (4,), (5, 4)]:
        if layer.inbound_nodes:
            assert (layer.input_shape, layer.output_shape) == ((None, 4), (None, 3))
        layer(Input(shape))
    for read in ("input_shape", "output_shape"):
        with pytest.raises(GraphError) as caught:
            getattr(layer, read)
        assert str(caught.value) == (
            f"layer 'dense' has several inbound nodes, so {read} has no single meaning\n"
            f"  Use get_{read}_at(node_index)."
        )


def test_several_inputs_are_a_list() -> None:
    class Join(Layer):
        def call(self, inputs: Any) -> Any:
            return torch.cat(list(inputs), dim=-1)

    layer, one, two = Join(), Input((4,)), Input((2,))
    assert layer([one, two]).shape == (None, 6)
    assert layer.input == [one, two]
    assert layer.input_shape == [(None, 4), (None, 2)]
    assert layer.compute_output_shape([(None, 1), (None, 2)]) == (None, 3)
    assert layer([torch.zeros(3, 1), np.zeros((3, 2))]).shape == (3, 3)
