"""Execution plans: the steps from a graph's inputs to its outputs, computed once and run per batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, final

from torch import Tensor

from kplug.errors import GraphError
from kplug.graph.nodes import Node, Operation, SymbolicTensor, sort_nodes
from kplug.graph.order import order_graph
from kplug.graph.structures import ValueIndex, fill_places
from kplug.support.nested import map_leaves


def find_path(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> list[Node]:
    """Return the nodes between inputs and outputs in topological order.

    The nodes of the inputs, whose values are given, are excluded.

    Raises:
        GraphError: An output depends on an input that is not given.
    """
    nodes = sort_nodes(outputs, given=set(inputs))
    for node in nodes:
        if node.is_input:
            raise _describe_gap(node, nodes, inputs, outputs)
    return nodes


def _describe_gap(
    missing: Node,
    nodes: Sequence[Node],
    inputs: Sequence[SymbolicTensor],
    outputs: Sequence[SymbolicTensor],
) -> GraphError:
    reached = {missing}
    users = [node.layer.name for node in nodes if missing in node.parent_nodes]
    for node in nodes:
        if not reached.isdisjoint(node.parent_nodes):
            reached.add(node)
    output = next(tensor for tensor in outputs if tensor.node in reached)
    user = f" through layer {users[0]!r}" if users else ""
    known = ", ".join(repr(tensor.name) for tensor in inputs) or "none"
    return GraphError(
        f"graph disconnected: output {output.name!r} depends on input {missing.layer.name!r}"
        f"{user}, and that is not among the inputs ({known})",
        hint="Give every Input that the outputs are made of.",
    )


class PlannedCall(NamedTuple):
    """One call of a layer in a plan, which refers to values by index.

    Args:
        layer: The called layer.
        source: The index of its argument, if a single tensor is its only argument.
        sources: Those of a list of tensors, if that is its only argument.
        args: Otherwise its positional arguments, with a ``ValueIndex`` for each tensor.
        kwargs: Its keyword arguments, likewise.
        target: The index of its output, if there is one.
        targets: The indices of its outputs.
        finished: The indices of values that no later call needs.
    """

    layer: Operation
    source: int | None
    sources: tuple[int, ...] | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    target: int | None
    targets: tuple[int, ...]
    finished: tuple[int, ...]


@final
class Plan:
    """A part of a graph, from inputs to outputs, as a list of steps.

    Args:
        inputs: Tensors whose values are given.
        outputs: Tensors to compute.

    Attributes:
        nodes: The nodes that run, in Keras's order.
        layers: The layers in Keras's order, input layers included.

    Raises:
        GraphError: An output depends on an input that is not given.

    Example:
        >>> import torch
        >>> from kplug.layers import Activation, Input
        >>> inputs = Input((2,))
        >>> outputs = Activation("relu")(inputs)
        >>> Plan([inputs], [outputs]).run([torch.tensor([[-1.0, 2.0]])])
        [tensor([[0., 2.]])]
    """

    def __init__(self, inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> None:
        self.nodes, self.layers = order_graph(inputs, outputs, find_path(inputs, outputs))
        places = {tensor: place for place, tensor in enumerate(dict.fromkeys(inputs))}
        given = len(places)
        for node in self.nodes:
            for tensor in node.output_tensors:
                places.setdefault(tensor, len(places))
        self._input_places = tuple(places[tensor] for tensor in inputs)
        self._output_places = tuple(places[tensor] for tensor in outputs)
        # If a node's output is also a given input, the computed value goes to an index that is never read.
        self._size = len(places) + 1
        self._steps = tuple(
            _make_step(node, places, given, self._size - 1, finished)
            for node, finished in zip(self.nodes, self._find_last_uses(places), strict=True)
        )

    def _find_last_uses(self, places: dict[SymbolicTensor, int]) -> list[tuple[int, ...]]:
        """Return, for each node, the indices used there for the last time."""
        finished: list[tuple[int, ...]] = []
        later = set(self._output_places)
        for node in reversed(self.nodes):
            touched = {places[tensor] for tensor in (*node.input_tensors, *node.output_tensors)}
            finished.append(tuple(sorted(touched - later)))
            later |= touched
        return finished[::-1]

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the values of the outputs for a value of each input."""
        values: list[Any] = [None] * self._size
        for place, value in zip(self._input_places, inputs, strict=True):
            values[place] = value
        for layer, source, sources, args, kwargs, target, targets, finished in self._steps:
            if source is not None:
                made = layer(values[source])
            elif sources is not None:
                made = layer([values[place] for place in sources])
            else:
                made = layer(*fill_places(args, values), **fill_places(kwargs, values))
            if target is not None:
                values[target] = made if isinstance(made, Tensor) else list_outputs(made)[0]
            else:
                for place, value in zip(targets, list_outputs(made), strict=True):
                    values[place] = value
            for place in finished:
                values[place] = None
        return [values[place] for place in self._output_places]


def list_outputs(made: Any) -> Any:
    """Return the outputs of a layer as one list, in the order of its tensors."""
    if isinstance(made, dict):
        return [value for key in sorted(made) for value in list_outputs(made[key])]
    if isinstance(made, (list, tuple)):
        return [value for part in made for value in list_outputs(part)]
    return [made]


def _make_step(
    node: Node,
    places: dict[SymbolicTensor, int],
    given: int,
    unread: int,
    finished: tuple[int, ...],
) -> PlannedCall:
    args, kwargs = map_leaves(
        (node.args, node.kwargs), SymbolicTensor, lambda tensor: ValueIndex(places[tensor])
    )
    only: Any = args[0] if len(args) == 1 and not kwargs else None
    is_list = isinstance(only, list) and all(isinstance(one, ValueIndex) for one in only)
    targets = tuple(
        places[tensor] if places[tensor] >= given else unread for tensor in node.output_tensors
    )
    return PlannedCall(
        layer=node.layer,
        source=only.position if isinstance(only, ValueIndex) else None,
        sources=tuple(one.position for one in only) if is_list else None,
        args=args,
        kwargs=kwargs,
        target=targets[0] if len(targets) == 1 else None,
        targets=targets,
        finished=finished,
    )
