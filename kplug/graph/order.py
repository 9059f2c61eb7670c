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
        layers: The layers, input layers included, in the order of the model's weights.
    """

    nodes: list[Node]
    layers: list[Any]


def order_graph(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], nodes: Sequence[Node]
) -> GraphOrder:
    """Return calls and layers, sorted by their greatest distance from an output.

    At equal distance, layers have the order in which a walk from the outputs reaches them. Calls have the
    order in which they got their distance: backwards along the walk, so usually the last argument's first.

    Args:
        inputs: Tensors whose values are given.
        outputs: Tensors to compute.
        nodes: The calls between them, in topological order.

    Reference:
        ``map_graph`` in Keras 3's ``ops/function.py``.
    """
    sources = find_sources(nodes)
    met, finished = _walk([tensor.node for tensor in outputs], sources)
    places = {layer: place for place, layer in enumerate(dict.fromkeys(one.layer for one in met))}
    depths: dict[Source, int] = {}
    layer_depths: dict[Any, int] = {}
    for one in reversed(finished):
        # The distance of a shared layer, and of this call, is that of its farthest call so far.
        depth = max(depths.get(one, 0), layer_depths.get(one.layer, 0))
        depths[one] = layer_depths[one.layer] = depth
        for source in _sources_of(one, sources):
            depths[source] = max(depth + 1, depths.get(source, 0))
    for tensor in inputs:  # unused inputs come before the last layers
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
        The nodes in pre-order and in post-order.
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
    """Return the predecessors of a call or an operation; none for an input."""
    return one.parent_nodes if isinstance(one, MaskStep) else sources.get(one, [])
