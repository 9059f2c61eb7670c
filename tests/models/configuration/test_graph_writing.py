"""Graphs written: in Keras 2's form, or in Keras 3's where that has no room."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch

from kplug import layers, ops, random
from kplug.dialect import write_model
from kplug.errors import ContractError
from kplug.models import Model
from tests.models.configuration.keras_2 import keras_2_config
from tests.models.graphs import assert_same


@pytest.mark.sampled
@pytest.mark.parametrize("seed", range(25))
def test_keras_3_reads_what_is_written_for_it(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed)
    entry = {"class_name": "Functional", "config": pair.ours.get_config()}
    data = json.loads(json.dumps(write_model(entry)))
    model = keras.saving.deserialize_keras_object(data)
    model.set_weights([variable.value.detach().numpy() for variable in pair.theirs.weights])
    assert_same(model, pair.theirs, pair.data)


def test_a_config_has_the_form_of_keras_2() -> None:
    config = Model.from_config(keras_2_config()).get_config()
    expected = keras_2_config()
    assert [entry["name"] for entry in config["layers"]] == [
        entry["name"] for entry in expected["layers"]
    ]
    for key in ("name", "input_layers", "output_layers"):
        assert config[key] == expected[key]
    for entry, other in zip(config["layers"], expected["layers"], strict=True):
        assert entry["inbound_nodes"] == other["inbound_nodes"]


def test_what_keras_2_cannot_say_is_written_as_keras_3_does() -> None:
    inputs = layers.Input((4,), name="a")
    outputs = layers.Dense(2, name="d")(inputs) * 2
    config = Model(inputs, outputs).get_config()
    tensor = {"shape": [None, 4], "dtype": "float32", "keras_history": ["a", 0, 0]}
    assert config["layers"][1]["inbound_nodes"] == [
        {"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}
    ]
    assert config["layers"][2]["inbound_nodes"][0]["args"][1] == 2
    assert config["input_layers"] == ["a", 0, 0]


def test_a_list_of_one_tensor_is_none_in_keras_2() -> None:
    inputs = layers.Input((4,), name="a")
    outputs = layers.Dense(2, name="d")(inputs)
    config = Model(inputs, outputs).get_config()
    assert (config["input_layers"], config["output_layers"]) == ([["a", 0, 0]], [["d", 0, 0]])
    assert isinstance(config["layers"][1]["inbound_nodes"][0], list)
    config = Model([inputs], outputs).get_config()
    assert (config["input_layers"], config["output_layers"]) == ([["a", 0, 0]], ["d", 0, 0])
    assert isinstance(config["layers"][1]["inbound_nodes"][0], dict)


def test_only_calls_of_the_model_are_written() -> None:
    inputs, shared = layers.Input((4,), name="a"), layers.Dense(4, name="shared")
    shared(layers.Input((4,)))
    outputs = shared(shared(inputs))
    config = Model(inputs, outputs).get_config()
    calls = config["layers"][1]["inbound_nodes"]
    assert calls == [[["a", 0, 0, {}]], [["shared", 0, 0, {}]]]
    assert config["output_layers"] == [["shared", 1, 0]]


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda x: random.dropout(x, 0.5, seed=random.SeedGenerator(1)), "a SeedGenerator"),
        (lambda x: random.dropout(x, 0.5, seed=torch.Generator()), "a Generator"),
        (lambda x: ops.vectorized_map(lambda row: row * 2, x), "a function"),
    ],
)
def test_what_no_file_can_hold_is_refused(call: Any, found: str) -> None:
    inputs = layers.Input((3,))
    outputs = call(inputs)
    with pytest.raises(ContractError) as caught:
        Model(inputs, outputs).get_config()
    assert str(caught.value) == (
        f"layer {outputs.node.layer.name!r} cannot be described: it is called with {found}, which no "
        "file can hold\n  Write a layer that makes it in its constructor; or save the weights alone, "
        "with save_weights."
    )
