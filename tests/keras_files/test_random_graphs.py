"""Layers of random graphs are in Keras 3's order, and so are the calls that they make and their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import kplug
from kplug.backend import clear_session
from tests.keras_files.random_graphs import GRAPHS, GraphBuilder, draw_inputs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning"),
]


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(graph=GRAPHS)
def test_a_random_graph_is_in_keras_order(graph: dict[str, Any], tmp_path: Path) -> None:
    compare(graph, tmp_path)


def compare(graph: dict[str, Any], folder: Path) -> None:
    """Build a model in both libraries, and compare what depends on the order of layers."""
    keras.backend.clear_session(free_memory=False)
    clear_session()
    ours, theirs = GraphBuilder(kplug).build(graph), GraphBuilder(keras).build(graph)
    assert list_layers(ours) == list_layers(theirs)
    assert [(node.layer.name, node.node_index) for node in ours.nodes] == list_calls(theirs)
    assert ours.count_params() == theirs.count_params()
    ours.set_weights(theirs.get_weights())
    inputs = draw_inputs(graph)
    expected = predict(theirs, inputs)
    check_close(predict(ours, inputs), expected)
    for model, load in ((theirs, kplug.load_model), (ours, keras.saving.load_model)):
        path = folder / "model.keras"
        model.save(path)
        loaded = load(path, compile=False)
        assert list_layers(loaded) == list_layers(theirs)
        check_close(predict(loaded, inputs), expected)


def list_layers(model: Any) -> list[Any]:
    """Return the names of the layers in their order, those of models inside after each."""
    return [
        (layer.name, list_layers(layer) if hasattr(layer, "layers") else None)
        for layer in model.layers
    ]


def list_calls(model: Any) -> list[tuple[str, int]]:
    """Return the calls of layers that a model of Keras makes, in their order."""
    by_depth = model._nodes_by_depth
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    return [
        (node.operation.name, node.operation._inbound_nodes.index(node))
        for node in nodes
        if isinstance(node.operation, keras.Layer) and not node.is_input
    ]


def predict(model: Any, inputs: list[Any]) -> list[Any]:
    made = model.predict_on_batch(inputs if len(inputs) > 1 else inputs[0])
    return [np.asarray(each) for each in (made if isinstance(made, list) else [made])]


def check_close(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)
