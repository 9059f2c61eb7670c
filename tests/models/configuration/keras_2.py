"""A functional model as Keras 2.2.4 writes it."""

from __future__ import annotations

from typing import Any


def dense(name: str, units: int, inbound: Any) -> dict[str, Any]:
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


def input_layer(name: str, size: int) -> dict[str, Any]:
    config = {
        "batch_input_shape": [None, size],
        "dtype": "float32",
        "sparse": False,
        "name": name,
    }
    return {"name": name, "class_name": "InputLayer", "config": config, "inbound_nodes": []}


def keras_2_config() -> dict[str, Any]:
    inner = {
        "name": "inner",
        "layers": [input_layer("input_3", 4), dense("dense_2", 3, [[["input_3", 0, 0, {}]]])],
        "input_layers": [["input_3", 0, 0]],
        "output_layers": [["dense_2", 0, 0]],
    }
    chain = dense("dense_3", 3, [])
    del chain["name"], chain["inbound_nodes"]
    chain["config"] |= {"batch_input_shape": [None, 4], "dtype": "float32"}
    joined = {"name": "concatenate_1", "trainable": True, "axis": -1}
    return {
        "name": "model_1",
        "layers": [
            input_layer("input_1", 4),
            input_layer("input_2", 4),
            dense("dense_1", 4, [[["input_1", 0, 0, {}]], [["input_2", 0, 0, {}]]]),
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
