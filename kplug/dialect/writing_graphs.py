"""Writes the connections of functional models, in the forms of Keras 2 and Keras 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kplug.dialect.call_numbers import FirstCalls, first_calls_of
from kplug.dialect.layer_calls import (
    LayerCall,
    Reference,
    find_generation,
    is_list_of_one,
    read_call,
    read_ends,
    write_keywords,
    write_value,
)
from kplug.support.nested import find_leaves, map_leaves

_ENDS = ("input_layers", "output_layers")


def write_graph(
    entries: Sequence[Mapping[str, Any]],
    calls: Mapping[str, Sequence[LayerCall]],
    ends: Sequence[Any],
    graphs: Mapping[str, bool],
    describe_tensor: Callable[[Reference], Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the connections of a functional model's layers, as a part of its configuration.

    Calls are written in Keras 2's form, ``[[layer, call, index, kwargs], …]``. If that form cannot express
    one of them (several arguments, or tensors among its keyword arguments), all are written in Keras 3's
    form, ``{"args", "kwargs"}``; also if an end is a list of one tensor, which Keras 2 does not distinguish
    from the tensor.

    Args:
        entries: The layers, as ``{"name", "class_name", "config"}``.
        calls: The calls of each layer, numbered from 0.
        ends: The model's inputs and its outputs, nested.
        graphs: The names of the nested models, and whether each is functional.
        describe_tensor: Returns shape and type of a tensor, as Keras 3 writes them.
    """
    made = [call for own in calls.values() for call in own]
    is_plain = bool(made) and all(map(_fits_keras_2, made)) and not any(map(is_list_of_one, ends))
    first = first_calls_of(2 if is_plain else 3, graphs)
    written = {
        name: [
            _write_keras_2(call, first) if is_plain else _write_keras_3(call, describe_tensor)
            for call in own
        ]
        for name, own in calls.items()
    }
    if is_plain:
        ends = [[end] if isinstance(end, Reference) else end for end in ends]
    return _join(entries, written, ends, first)


def _join(
    entries: Sequence[Mapping[str, Any]],
    calls: Mapping[str, Sequence[Any]],
    ends: Sequence[Any],
    first: FirstCalls,
) -> dict[str, Any]:
    """Return the layers with their written calls, and the ends of the graph."""
    layers = [{**entry, "inbound_nodes": list(calls[entry["name"]])} for entry in entries]
    counted = [map_leaves(end, Reference, lambda one: _count(one, first.ends)) for end in ends]
    return {"layers": layers, **dict(zip(_ENDS, counted, strict=True))}


def _fits_keras_2(call: LayerCall) -> bool:
    """Return whether a layer is called on one tensor or a list of several, and on no more tensors."""
    first, *others = call.args
    tensors = first if isinstance(first, list) and len(first) > 1 else [first]
    is_plain = all(isinstance(tensor, Reference) for tensor in tensors)
    return is_plain and not others and next(find_leaves(call.kwargs, Reference), None) is None


def _write_keras_2(call: LayerCall, first: FirstCalls) -> list[Any]:
    tensors = find_leaves(call.args, Reference)
    return [[*_count(tensor, first.inside), dict(call.kwargs)] for tensor in tensors]


def _count(reference: Reference, first: Mapping[str, int]) -> list[Any]:
    layer, call, output = reference
    return [layer, call + first.get(layer, 0), output]


def _write_keras_3(
    call: LayerCall, describe_tensor: Callable[[Reference], Mapping[str, Any]]
) -> dict[str, Any]:
    def write_tensor(reference: Reference) -> dict[str, Any]:
        config = {**describe_tensor(reference), "keras_history": list(reference)}
        return {"class_name": "__keras_tensor__", "config": config}

    args, kwargs = map_leaves([list(call.args), call.kwargs], Reference, write_tensor)
    return {"args": write_value(args), "kwargs": write_keywords(kwargs)}


def write_calls(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a functional model's configuration with its calls in Keras 3's form.

    Keras 3 reads Keras 2's form too, but not if a layer is a model, whose calls Keras 3 counts from 0.
    """
    calls = _read_calls(config)
    if find_generation(calls) == 3:
        return dict(config)
    graphs = {
        entry["name"]: "output_layers" in entry["config"]
        for entry in config["layers"]
        if is_graph(entry)
    }
    before, after = first_calls_of(2, graphs), first_calls_of(3, graphs)

    def count_from_0(value: Any, first: Mapping[str, int]) -> Any:
        return map_leaves(
            value, Reference, lambda one: one._replace(call=one.call - first.get(one.layer, 0))
        )

    written = {
        name: [_write_keras_3(count_from_0(call, before.inside), _unknown_tensor) for call in own]
        for name, own in calls.items()
    }
    ends = [count_from_0(read_ends(config[key], 2), before.ends) for key in _ENDS]
    return {**config, **_join(config["layers"], written, ends, after)}


def write_ends(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a functional model's configuration with only its ends in Keras 3's form."""
    generation = find_generation(_read_calls(config))
    ends = {key: read_ends(config[key], generation) for key in _ENDS}
    return {**config, **map_leaves(ends, Reference, list)}


def _read_calls(config: Mapping[str, Any]) -> dict[str, list[LayerCall]]:
    return {
        entry["name"]: [read_call(data) for data in entry["inbound_nodes"]]
        for entry in config["layers"]
    }


def is_graph(entry: Mapping[str, Any]) -> bool:
    """Return whether the entry of a layer describes layers, as a model's does."""
    config = entry.get("config")
    return isinstance(config, Mapping) and isinstance(config.get("layers"), list)


def _unknown_tensor(_: Reference) -> dict[str, Any]:
    """Return a placeholder of a tensor's description; Keras takes shape and type from the layers."""
    return {"shape": [None], "dtype": "float32"}
