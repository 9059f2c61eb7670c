"""Deep copies of connected layers, without recursion."""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

from kplug.backend.variables import like_variable
from kplug.graph.nodes import Node


def copy_connected(layer: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy of a layer, with copies of all layers that it is connected to.

    Python's own way would go from layer to layer, deeper with each. Here empty copies of everything are
    made first, so that each is filled without a look at the others.

    Args:
        layer: The layer or model.
        memo: What ``copy.deepcopy`` gives to ``__deepcopy__``.
    """
    layers, nodes = _find_connected(layer, memo)
    tensors = [tensor for node in nodes for tensor in node.output_tensors]
    # Some tensors are made anew, and nobody else holds them: what is made later must not get their ids.
    memo.setdefault(id(memo), []).append((layers, nodes, tensors))
    for original in (*layers, *nodes, *tensors):
        # A node or tensor that is being copied has a twin already.
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
                like_variable(copies[name], weight)  # torch copies no names
    return memo[id(layer)]


def _find_connected(start: Any, known: Container[int]) -> tuple[list[Any], list[Node]]:
    """Return a layer, those that it is connected to or that are inside, and all their nodes.

    What has its ``id`` in ``known`` is left out.
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
            # A node that somebody has kept outlives its layer.
            if node not in nodes and node.layer is not None and id(node) not in known:
                nodes[node] = None
                pending.append(node.layer)
                pending.extend(tensor.layer for tensor in node.input_tensors)
    return list(layers), list(nodes)
