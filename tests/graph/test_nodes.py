"""Nodes, symbolic tensors and the order in which a graph is walked."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kplug.errors import DataError, GraphError
from kplug.graph import Node, SymbolicTensor, sort_nodes
from kplug.layers import (
    Activation,
    Concatenate,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Layer,
)
from tests.graph.small_layers import Halves, Sum


def test_each_call_adds_a_node_on_both_sides() -> None:
    inputs = Input((4,))
    first, second = Dense(3), Dense(2)
    second(first(inputs))
    assert [len(first.inbound_nodes), len(first.outbound_nodes)] == [1, 1]
    assert [len(second.inbound_nodes), len(second.outbound_nodes)] == [1, 0]
    assert first.outbound_nodes[0] is second.inbound_nodes[0]
    assert inputs.layer.outbound_nodes == first.inbound_nodes


def test_underscored_spellings_are_the_same_lists() -> None:
    layer = Dense(3)
    layer(Input((4,)))
    assert layer._inbound_nodes is layer.inbound_nodes
    assert layer._outbound_nodes == layer.outbound_nodes


def test_input_owns_one_node_without_parents() -> None:
    layer = InputLayer((4,))
    assert len(layer.inbound_nodes) == 1
    node = layer.inbound_nodes[0]
    assert node.is_input
    assert node.inbound_layers == []
    assert node.output_tensors == [layer.output]


def test_node_has_the_names_of_keras_2() -> None:
    one, two = Input((4,)), Input((4,))
    layer = Sum()
    outputs = layer([one, two])
    node = layer.inbound_nodes[0]
    assert node.outbound_layer is layer
    assert node.operation is layer
    assert node.inbound_layers == [one.layer, two.layer]
    assert (node.node_indices, node.tensor_indices) == ([0, 0], [0, 0])
    assert node.input_shapes == [(None, 4), (None, 4)]
    assert node.output_shapes == [(None, 4)]
    assert node.output_tensors == [outputs]
    assert node.arguments == {}
    assert node.parent_nodes == [one.node, two.node]


def test_keras_history_says_where_a_tensor_comes_from() -> None:
    layer = Dense(3)
    inputs = Input((4,))
    layer(inputs)
    second = layer(inputs)
    assert second._keras_history == (layer, 1, 0)
    assert second._keras_shape == (None, 3)


def test_connecting_builds_and_resolves_nothing() -> None:
    layer = Dense(3, kernel_initializer="no such initializer")
    layer(Input((4,)))
    assert not layer.built
    assert layer.slots["kernel_initializer"].resolved is None


def test_asking_for_a_shape_draws_no_numbers() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    layer = Dense(3)
    assert layer(Input((4,))).shape == (None, 3)
    assert layer.kernel.is_meta
    assert torch.equal(torch.rand(3), expected)


def test_sizes_that_vary_are_none() -> None:
    inputs = Input((None, 8))
    outputs = Dense(3)(inputs)
    assert (outputs.shape, outputs.ndim, outputs.dtype) == ((None, None, 3), 3, "float32")
    assert Flatten()(outputs).shape == (None, None)


def test_a_fixed_batch_stays_fixed() -> None:
    assert Dense(3)(Input((4,), batch_size=5)).shape == (5, 3)


def test_input_type_is_kept() -> None:
    assert Flatten()(Input((2, 2), dtype="int32")).dtype == "int32"


def test_layer_with_several_outputs() -> None:
    left, right = Halves()(Input((6,)))
    assert (left.shape, right.shape) == ((None, 3), (None, 3))
    assert (left.name, right.name) == ("halves", "halves:1")


def test_further_arguments_may_be_symbolic() -> None:
    one, two = Input((4,)), Input((4,))
    layer = Sum()
    outputs = layer(one, other=two)
    assert outputs.shape == (None, 4)
    assert layer.inbound_nodes[0].input_tensors == [one, two]


@pytest.mark.slow
def test_shapes_of_a_deep_graph_are_found_without_recursion() -> None:
    tensor = Input((4,))
    for _ in range(1500):
        tensor = Activation("relu")(tensor)
    assert tensor.shape == (None, 4)


def test_number_of_outputs_is_checked() -> None:
    class Wrong(Layer):
        output_count = 3

        def call(self, inputs: Any) -> Any:
            return [inputs, inputs]

    with pytest.raises(GraphError) as caught:
        _ = Wrong(name="wrong")(Input((4,)))[0].shape
    assert str(caught.value) == (
        "layer 'wrong' makes 2 tensors, its class says 3\n"
        "  A layer class with several outputs sets output_count to their number."
    )


def test_unpacking_one_output_names_the_way() -> None:
    with pytest.raises(GraphError, match="sets output_count"):
        _, _ = Dense(3)(Input((4,)))


def test_symbolic_tensor_has_no_truth_value() -> None:
    with pytest.raises(GraphError, match="'input_layer' has no truth value"):
        bool(Input((4,)))


def test_wrong_shape_is_found_when_the_shape_is_asked_for() -> None:
    layer = Dense(3, name="shared")
    layer(Input((4,)))
    layer.build_for((None, 4))
    with pytest.raises(DataError) as caught:
        _ = layer(Input((5,))).shape
    assert str(caught.value) == (
        "layer 'shared' expects inputs of shape (None, 4), got shape (None, 5)"
    )


def test_repr_never_infers() -> None:
    outputs = Dense(3, name="d", kernel_initializer="none such")(Input((4,)))
    assert repr(outputs) == "<SymbolicTensor 'd', shape not inferred yet>"
    assert outputs.shape == (None, 3)
    assert repr(outputs) == "<SymbolicTensor 'd', shape (None, 3)>"
    assert repr(outputs.node) == "<Node 0 of layer 'd'>"


def test_nodes_are_sorted_after_what_they_depend_on() -> None:
    inputs = Input((4,))
    left, right = Dense(4, name="left")(inputs), Dense(4, name="right")(inputs)
    outputs = Sum(name="sum")([left, right])
    names = [node.layer.name for node in sort_nodes([outputs])]
    assert names == ["input_layer", "left", "right", "sum"]


def test_node_of_a_shared_layer_counts_up() -> None:
    layer = Dropout(0.5)
    inputs = Input((2,))
    nodes = [layer(inputs).node, layer(inputs).node]
    assert [node.node_index for node in nodes] == [0, 1]
    assert all(isinstance(node, Node) for node in nodes)


def test_a_list_may_be_filled_after_a_layer_was_called_on_it() -> None:
    features = [Input((2,), name="start")]
    for _ in range(3):
        joined = Concatenate()(features) if len(features) > 1 else features[0]
        features.append(Dense(1)(joined))
    outputs = Concatenate()(features)
    features.clear()
    assert outputs.shape == (None, 5)
    assert [len(node.input_tensors) for node in sort_nodes([outputs])] == [0, 1, 2, 1, 3, 1, 4]


def test_a_symbolic_tensor_that_is_not_filled_yet_lacks_its_attributes() -> None:
    bare = object.__new__(SymbolicTensor)  # as where one is copied or unpickled
    assert not hasattr(bare, "layer")
    assert not hasattr(bare, "shape")
