"""Graph attributes of layers: the inputs and outputs of their symbolic calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

from kplug.errors import GraphError, NotBuiltError
from kplug.graph import Node, SymbolicTensor

What: TypeAlias = Literal["input", "output", "input_shape", "output_shape"]


# They are AttributeErrors too, as in Keras, so that `hasattr(layer, "output")` works.
class _NotConnectedError(NotBuiltError, AttributeError):
    pass


class _SeveralNodesError(GraphError, AttributeError):
    pass


class Linked(Protocol):
    """The interface of a layer with graph attributes."""

    name: str
    inbound_nodes: list[Node]


def read_node(layer: Linked, index: int, what: What) -> Any:
    """Return the tensors or shapes of one call of a layer: a single item, or a list of several.

    Args:
        layer: The layer.
        index: Which call, from 0.
        what: Which attribute of the call to read.

    Raises:
        GraphError: There was no such call.
    """
    count = len(layer.inbound_nodes)
    if not -count <= index < count:
        raise GraphError(
            f"layer {layer.name!r} has no node {index}: it was called {count} times on symbolic tensors"
        )
    return _one_or_all(_READERS[what](layer.inbound_nodes[index]))


def read_links(layer: Linked, what: What) -> Any:
    """Return the tensors of a layer's first call, or the shapes of all its calls if they agree.

    Args:
        layer: The layer.
        what: Which attribute of the call to read.

    Raises:
        NotBuiltError: The layer was not called on a symbolic tensor.
        GraphError: Several calls have different shapes.
    """
    if not layer.inbound_nodes:
        raise _NotConnectedError(
            f"layer {layer.name!r} has no {what}: it was not called on a symbolic tensor",
            hint="Add it to a model whose input shape is known, or call it on an Input.",
        )
    first = read_node(layer, 0, what)
    others = range(1, len(layer.inbound_nodes)) if what.endswith("_shape") else ()
    if any(read_node(layer, i, what) != first for i in others):
        raise _SeveralNodesError(
            f"layer {layer.name!r} has several inbound nodes, so {what} has no single meaning",
            hint=f"Use get_{what}_at(node_index).",
        )
    return first


def _tensors_into(node: Node) -> list[SymbolicTensor]:
    return node.input_tensors or node.output_tensors  # an input layer has only outputs


def _one_or_all(items: Sequence[object]) -> Any:
    return items[0] if len(items) == 1 else items


_READERS: Mapping[What, Callable[[Node], Sequence[object]]] = {
    "input": _tensors_into,
    "output": lambda node: node.output_tensors,
    "input_shape": lambda node: [tensor.shape for tensor in _tensors_into(node)],
    "output_shape": lambda node: node.output_shapes,
}
