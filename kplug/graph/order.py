"""Keras's order of the layers of a graph and of their calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kplug.graph.masks import MaskStep, Source, find_sources
from kplug.graph.nodes import Node, SymbolicTensor


class GraphOrder(NamedTuple):
    """A graph in Keras's order, from the inputs to the outputs.

    Args:
        nodes: The calls in the order in which they run.
        layers: The layers, those of the inputs among them, in the order of the model's weights.
    """

    nodes: list[Node]
    layers: list[Any]


def order_graph(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], nodes: Sequence[Node]
) -> GraphOrder:
    """Return calls and layers, sorted by their greatest distance from an output.

    At one distance, layers are listed as a walk from the outputs meets them, and calls run in the order in
    which they were given a distance: back along that walk, so most often the last argument's come first.

    Args:
        inputs: Tensors whose values will be given.
        outputs: Tensors whose values are wanted.
        nodes: The calls between them, each after those that it depends on.

    Reference:
        ``map_graph`` in Keras 3's ``ops/function.py``.
    """
    sources = find_sources(nodes)
    met, finished = _walk([tensor.node for tensor in outputs], sources)
    places = {layer: place for place, layer in enumerate(dict.fromkeys(one.layer for one in met))}
    depths: dict[Source, int] = {}
    layer_depths: dict[Any, int] = {}
    for one in reversed(finished):
        # A shared layer is as far away as its farthest call so far, and so is this call.
        depth = max(depths.get(one, 0), layer_depths.get(one.layer, 0))
        depths[one] = layer_depths[one.layer] = depth
        for source in _sources_of(one, sources):
            depths[source] = max(depth + 1, depths.get(source, 0))
    for tensor in inputs:  # those that nothing depends on come before the last layers
        layer_depths.setdefault(tensor.layer, 0)
    calls = sorted(
        (one for one in depths if isinstance(one, Node) and one in sources),
        key=lambda one: -depths[one],
    )
    layers = sorted(layer_depths, key=lambda layer: (-layer_depths[layer], places.get(layer, -1)))
    return GraphOrder(
        calls,
        [layer for layer in layers if not isinstance(layer, MaskStep)],
    )


def _walk(
    ends: Iterable[Source], sources: Mapping[Source, list[Source]]
) -> tuple[list[Source], list[Source]]:
    """Walk towards the inputs, depth first, from left to right.

    Returns:
        The nodes in the order in which the walk meets them, and in that in which it leaves them.
    """
    met: dict[Source, None] = {}
    left: dict[Source, None] = {}
    pending = [(end, False) for end in reversed(list(ends))]
    while pending:
        one, is_done = pending.pop()
        if is_done:
            left[one] = None
        elif one not in met:
            met[one] = None
            pending.append((one, True))
            pending.extend((source, False) for source in reversed(_sources_of(one, sources)))
    return list(met), list(left)


def _sources_of(one: Source, sources: Mapping[Source, list[Source]]) -> list[Source]:
    """Return what is before a call or an operation; nothing if it makes an input."""
    return one.parent_nodes if isinstance(one, MaskStep) else sources.get(one, [])
