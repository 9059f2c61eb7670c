"""The graph of a functional model as plain data, in the forms of Keras 2 and Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.layer_calls import write_keywords, write_value
from kplug.graph import Node, SymbolicTensor, is_symbolic, map_leaves
from kplug.layers.base.layer_configs import describe_layer
from kplug.models.configuration.reading import starts_with_own_call


def describe(model: Any) -> dict[str, Any]:
    """Return the configuration of a functional model.

    Each call of a layer is written as Keras 2 does, ``[[layer, call, index, kwargs], …]``; but if one of
    them needs more than that (several arguments, or tensors among its keyword arguments), all are
    written as Keras 3 does, ``{"args", "kwargs"}``.
    """
    nodes = set(model.nodes)
    calls = {
        layer: [node for node in layer.inbound_nodes if node in nodes] for layer in model.layers
    }
    numbers = {node: number for own in calls.values() for number, node in enumerate(own)}
    is_plain = all(_fits_keras_2(node) for node in nodes)
    form: _Keras2Form | _Keras3Form = _Keras2Form(numbers) if is_plain else _Keras3Form(numbers)
    entries = []
    for layer in model.layers:
        inbound = [form.write(node) for node in calls[layer]]
        entries.append({"name": layer.name, **describe_layer(layer), "inbound_nodes": inbound})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": entries,
        "input_layers": _write_ends(model.input, form),
        "output_layers": _write_ends(model.output, form),
    }


def _write_ends(structure: Any, form: Any) -> Any:
    if isinstance(structure, SymbolicTensor):
        structure = [structure]
    return map_leaves(structure, SymbolicTensor, form.refer_to_end)


def _fits_keras_2(node: Node) -> bool:
    """Return whether a layer is called on one tensor or a list of several, and on no more tensors."""
    first, *others = node.args
    tensors = first if isinstance(first, list) and len(first) > 1 else [first]
    is_plain = all(isinstance(tensor, SymbolicTensor) for tensor in tensors)
    return is_plain and not others and not is_symbolic(node.kwargs)


class _Keras2Form:
    """Keras 2: a model that is called counts its calls from 1, since its own graph is the first."""

    def __init__(self, numbers: Mapping[Node, int]) -> None:
        self._numbers = numbers

    def write(self, node: Node) -> list[Any]:
        return [[*self.refer_to_end(tensor), dict(node.kwargs)] for tensor in node.input_tensors]

    def refer_to_end(self, tensor: SymbolicTensor) -> list[Any]:
        number = self._numbers.get(tensor.node, 0)
        return [tensor.layer.name, number + starts_with_own_call(tensor.layer, 2), tensor.index]


class _Keras3Form:
    """Keras 3: calls count from 0, but from 1 for functional models among inputs and outputs."""

    def __init__(self, numbers: Mapping[Node, int]) -> None:
        self._numbers = numbers

    def write(self, node: Node) -> dict[str, Any]:
        args, kwargs = map_leaves((node.args, node.kwargs), SymbolicTensor, self._write_tensor)
        return {"args": write_value(list(args)), "kwargs": write_keywords(kwargs)}

    def _write_tensor(self, tensor: SymbolicTensor) -> dict[str, Any]:
        number = self._numbers.get(tensor.node, 0)
        config = {
            "shape": list(tensor.shape),
            "dtype": tensor.dtype,
            "keras_history": [tensor.layer.name, number, tensor.index],
        }
        return {"class_name": "__keras_tensor__", "config": config}

    def refer_to_end(self, tensor: SymbolicTensor) -> list[Any]:
        number = self._numbers.get(tensor.node, 0) + starts_with_own_call(tensor.layer, 3)
        return [tensor.layer.name, number, tensor.index]
