"""The graph of a functional model as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from kplug.dialect.layer_calls import LayerCall, Reference
from kplug.dialect.writing_graphs import write_graph
from kplug.graph import Node, SymbolicTensor
from kplug.layers import Layer
from kplug.layers.serialization import serialize
from kplug.nested import map_leaves


class GraphModel(Protocol):
    """What is needed of a functional model."""

    name: str

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""

    @property
    def layers(self) -> list[Layer]:
        """The layers in their order."""

    @property
    def nodes(self) -> list[Node]:
        """The calls that the model is made of."""

    @property
    def input(self) -> Any:
        """The nested symbolic inputs."""

    @property
    def output(self) -> Any:
        """The nested symbolic outputs."""


def list_graphs(layers: Iterable[Layer]) -> dict[str, bool]:
    """Return the names of the layers that are graphs of layers, and whether each is functional."""
    return {
        layer.name: getattr(layer, "is_functional", False)
        for layer in layers
        if getattr(layer, "lists_layers", False)
    }


def describe_graph(model: GraphModel) -> dict[str, Any]:
    """Return the configuration of a functional model."""
    nodes = set(model.nodes)
    calls = {
        layer.name: [node for node in layer.inbound_nodes if node in nodes]
        for layer in model.layers
    }
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

    return {
        "name": model.name,
        "trainable": model.trainable,
        **write_graph(
            [{"name": layer.name, **serialize(layer)} for layer in model.layers],
            {
                name: [LayerCall(*refer((list(node.args), node.kwargs))) for node in own]
                for name, own in calls.items()
            },
            [refer(model.input), refer(model.output)],
            list_graphs(model.layers),
            describe_tensor,
        ),
    }
