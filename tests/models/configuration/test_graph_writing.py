"""Graphs written: in Keras 2's form, or in Keras 3's where that has no room."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest
import torch

from kplug import backend, layers
from kplug.dialect import write_model
from kplug.models import Model


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    backend.clear_session()


def _list(structure: Any) -> list[Any]:
    return structure if isinstance(structure, list) else [structure]


def _assert_same(model: Any, other: Any, data: Any) -> None:
    for one, expected in zip(_list(model(data)), _list(other(data)), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-5, atol=1e-5)


def _dense(name: str, units: int, inbound: Any) -> dict[str, Any]:
    """Return an entry as Keras 2.2.4 writes it."""
    initializer = {
        "class_name": "VarianceScaling",
        "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
    }
    config = {
        "name": name,
        "trainable": True,
        "units": units,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": initializer,
        "bias_initializer": {"class_name": "Zeros", "config": {}},
        "kernel_regularizer": None,
        "bias_regularizer": None,
        "activity_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }
    return {"name": name, "class_name": "Dense", "config": config, "inbound_nodes": inbound}


def _input(name: str, size: int) -> dict[str, Any]:
    config = {
        "batch_input_shape": [None, size],
        "dtype": "float32",
        "sparse": False,
        "name": name,
    }
    return {"name": name, "class_name": "InputLayer", "config": config, "inbound_nodes": []}


def _keras_2_config() -> dict[str, Any]:
    inner = {
        "name": "inner",
        "layers": [_input("input_3", 4), _dense("dense_2", 3, [[["input_3", 0, 0, {}]]])],
        "input_layers": [["input_3", 0, 0]],
        "output_layers": [["dense_2", 0, 0]],
    }
    chain = _dense("dense_3", 3, [])
    del chain["name"], chain["inbound_nodes"]
    chain["config"] |= {"batch_input_shape": [None, 4], "dtype": "float32"}
    joined = {"name": "concatenate_1", "trainable": True, "axis": -1}
    return {
        "name": "model_1",
        "layers": [
            _input("input_1", 4),
            _input("input_2", 4),
            _dense("dense_1", 4, [[["input_1", 0, 0, {}]], [["input_2", 0, 0, {}]]]),
            {
                "name": "inner",
                "class_name": "Model",
                "config": inner,
                "inbound_nodes": [[["dense_1", 0, 0, {}]], [["dense_1", 1, 0, {}]]],
            },
            {
                "name": "sequential_1",
                "class_name": "Sequential",
                "config": {"name": "sequential_1", "layers": [chain]},
                "inbound_nodes": [[["dense_1", 1, 0, {}]]],
            },
            {
                "name": "concatenate_1",
                "class_name": "Concatenate",
                "config": joined,
                "inbound_nodes": [[["inner", 1, 0, {}], ["sequential_1", 1, 0, {}]]],
            },
        ],
        "input_layers": [["input_1", 0, 0], ["input_2", 0, 0]],
        "output_layers": [["concatenate_1", 0, 0], ["inner", 2, 0]],
    }


@pytest.mark.parametrize("seed", range(25))
def test_keras_3_reads_what_is_written_for_it(graph_pair: Any, seed: int) -> None:
    pair = graph_pair(seed)
    entry = {"class_name": "Functional", "config": pair.ours.get_config()}
    data = json.loads(json.dumps(write_model(entry)))
    model = keras.saving.deserialize_keras_object(data)
    model.set_weights([variable.value.detach().numpy() for variable in pair.theirs.weights])
    _assert_same(model, pair.theirs, pair.data)


def test_a_config_has_the_form_of_keras_2() -> None:
    config = Model.from_config(_keras_2_config()).get_config()
    expected = _keras_2_config()
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


def test_only_calls_of_the_model_are_written() -> None:
    inputs, shared = layers.Input((4,), name="a"), layers.Dense(4, name="shared")
    shared(layers.Input((4,)))
    outputs = shared(shared(inputs))
    config = Model(inputs, outputs).get_config()
    calls = config["layers"][1]["inbound_nodes"]
    assert calls == [[["a", 0, 0, {}]], [["shared", 0, 0, {}]]]
    assert config["output_layers"] == [["shared", 1, 0]]
