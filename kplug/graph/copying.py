"""Deep copies of connected layers, without recursion."""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

from kplug.backend.variables import like_variable
from kplug.graph.nodes import Node


def copy_connected(layer: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy of a layer and of all layers connected to it.

    ``copy.deepcopy`` alone would recurse from layer to layer. Here empty copies of all objects are created
    first, so that each can be filled independently.

    Args:
        layer: The layer or model.
        memo: The memo that ``copy.deepcopy`` passes to ``__deepcopy__``.
    """
    layers, nodes = _find_connected(layer, memo)
    tensors = [tensor for node in nodes for tensor in node.output_tensors]
    # Keep recreated tensors alive: later objects must not reuse their ids.
    memo.setdefault(id(memo), []).append((layers, nodes, tensors))
    for original in (*layers, *nodes, *tensors):
        # A node or tensor in progress already has a copy.
        memo.setdefault(id(original), object.__new__(type(original)))
    for tensor in tensors:
        twin = memo[id(tensor)]
        twin.node, twin.layer, twin.index = (
            memo[id(tensor.node)],
            memo[id(tensor.layer)],
            tensor.index,
        )
    for node in nodes:
        vars(memo[id(node)]).update(copy.deepcopy(vars(node), memo))
    for original in layers:
        twin = memo[id(original)]
        twin.__setstate__(copy.deepcopy(original.__reduce_ex__(4)[2], memo))
        for weights, copies in (
            (original._parameters, twin._parameters),
            (original._buffers, twin._buffers),
        ):
            for name, weight in weights.items():
                like_variable(copies[name], weight)  # torch does not copy names
    return memo[id(layer)]


def _find_connected(start: Any, known: Container[int]) -> tuple[list[Any], list[Node]]:
    """Return a layer, all connected and inner layers, and their nodes.

    Objects whose ``id`` is in ``known`` are omitted.
    """
    layers: dict[Any, None] = {}
    nodes: dict[Node, None] = {}
    pending = [start]
    while pending:
        layer = pending.pop()
        if layer in layers or id(layer) in known:
            continue
        layers[layer] = None
        pending.extend(inner for inner in layer.modules() if hasattr(inner, "inbound_nodes"))
        for node in (*layer.inbound_nodes, *layer.outbound_nodes):
            # A referenced node outlives its layer.
            if node not in nodes and node.layer is not None and id(node) not in known:
                nodes[node] = None
                pending.append(node.layer)
                pending.extend(tensor.layer for tensor in node.input_tensors)
    return list(layers), list(nodes)
