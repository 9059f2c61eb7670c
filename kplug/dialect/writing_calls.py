"""How the layers of a functional model are connected, as Keras 3 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.layer_calls import (
    LayerCall,
    Reference,
    read_call,
    read_ends,
    replace_references,
    write_keywords,
    write_value,
)


def write_calls(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a functional model's configuration with its calls in Keras 3's form.

    Keras 3 reads Keras 2's form too, but not if a layer is a model: there Keras 2 counts calls from 1,
    and Keras 3 from 0, except for functional models among the model's inputs and outputs.

    Args:
        config: What ``Functional.get_config()`` returned.

    Returns:
        The configuration, in which ``inbound_nodes``, ``input_layers`` and ``output_layers`` differ.
    """
    calls = {
        entry["name"]: [read_call(data) for data in entry["inbound_nodes"]]
        for entry in config["layers"]
    }
    if any(call.generation == 3 for own in calls.values() for call in own):
        return dict(config)
    graphs = {
        entry["name"]: _is_functional(entry) for entry in config["layers"] if _is_graph(entry)
    }

    def count_from_0(reference: Reference) -> dict[str, Any]:
        number = reference.call - (reference.layer in graphs)
        history = [reference.layer, number, reference.output]
        # Keras takes the shape and the type from the layers; it only wants the keys to be there.
        tensor = {"shape": [None], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": tensor}

    def count_end(reference: Reference) -> list[Any]:
        is_from_0 = not graphs.get(reference.layer, True)
        return [reference.layer, reference.call - is_from_0, reference.output]

    def write(call: LayerCall) -> dict[str, Any]:
        args, kwargs = replace_references([call.args, call.kwargs], count_from_0)
        return {"args": write_value(args), "kwargs": write_keywords(kwargs)}

    layers = [
        {**entry, "inbound_nodes": [write(call) for call in calls[entry["name"]]]}
        for entry in config["layers"]
    ]
    ends = {
        key: replace_references(read_ends(config[key]), count_end)
        for key in ("input_layers", "output_layers")
    }
    return {**config, "layers": layers, **ends}


def _is_graph(entry: Mapping[str, Any]) -> bool:
    config = entry.get("config")
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list)


def _is_functional(entry: Mapping[str, Any]) -> bool:
    return "output_layers" in entry["config"]
