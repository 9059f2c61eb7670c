"""Writes the graph of a functional model as plain data."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from kplug.backend.random import SeedGenerator
from kplug.dialect.layer_calls import LayerCall, Reference
from kplug.dialect.writing_graphs import write_graph
from kplug.errors import ContractError
from kplug.graph import Node, SymbolicTensor
from kplug.layers import Layer
from kplug.layers.serialization import serialize
from kplug.registry.quoting import name_type
from kplug.support.nested import find_leaves, map_leaves

# Call arguments that no file can store.
_OBJECTS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    functools.partial,
    torch.Generator,
    SeedGenerator,
)


def list_graphs(layers: Iterable[Layer]) -> dict[str, bool]:
    """Return the names of the layers that are graphs of layers, and whether each is functional."""
    return {
        layer.name: getattr(layer, "is_functional", False)
        for layer in layers
        if getattr(layer, "lists_layers", False)
    }


def describe_graph(
    layers: Sequence[Layer], nodes: Iterable[Node], ends: Sequence[Any]
) -> dict[str, Any]:
    """Return the configuration of a graph.

    Args:
        layers: The layers in their order.
        nodes: The calls of the graph.
        ends: The nested symbolic inputs, and the nested symbolic outputs.

    Raises:
        ContractError: A layer is called with a function or a generator.
    """
    known = set(nodes)
    calls = {
        layer.name: [node for node in layer.inbound_nodes if node in known] for layer in layers
    }
    _require_data(calls)
    numbers = {node: number for own in calls.values() for number, node in enumerate(own)}
    tensors: dict[Reference, SymbolicTensor] = {}

    def refer(structure: Any) -> Any:
        return map_leaves(structure, SymbolicTensor, refer_to)

    def refer_to(tensor: SymbolicTensor) -> Reference:
        reference = Reference(tensor.layer.name, numbers.get(tensor.node, 0), tensor.index)
        tensors[reference] = tensor
        return reference

    def describe_tensor(reference: Reference) -> dict[str, Any]:
        tensor = tensors[reference]
        return {"shape": list(tensor.shape), "dtype": tensor.dtype}

    return write_graph(
        [{"name": layer.name, **serialize(layer)} for layer in layers],
        {
            name: [LayerCall(*refer((list(node.args), node.kwargs))) for node in own]
            for name, own in calls.items()
        },
        [refer(end) for end in ends],
        list_graphs(layers),
        describe_tensor,
    )


def _require_data(calls: Mapping[str, Iterable[Node]]) -> None:
    for name, own in calls.items():
        for value in find_leaves([[node.args, node.kwargs] for node in own], _OBJECTS):
            raise ContractError(
                f"layer {name!r} cannot be described: it is called with {name_type(value)}, which no file "
                "can hold",
                hint="Write a layer that makes it in its constructor; or save the weights alone, with "
                "save_weights.",
            )
