"""Mask operations of Keras's graph, which affect the order of layers.

Here tensors carry their masks at run time. In Keras 3 a mask is a symbolic tensor, computed by separate
operations, and an argument of the calls that use it. So a layer may be farther from the outputs through a
mask than through its output.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, final

from kplug.graph.nodes import Node, SymbolicTensor
from kplug.support.nested import find_leaves, map_leaves


@final
class MaskStep:
    """An operation of Keras's graph that computes a mask.

    Args:
        *sources: Its nested inputs: calls of layers, and other mask operations.

    Attributes:
        parent_nodes: The sources, from left to right.
    """

    def __init__(self, *sources: Any) -> None:
        self.parent_nodes: list[Source] = list(find_leaves(sources, (Node, MaskStep)))

    @property
    def layer(self) -> MaskStep:
        """The operation itself, which is used once."""
        return self


Source: TypeAlias = Node | MaskStep


def find_sources(nodes: Iterable[Node]) -> dict[Source, list[Source]]:
    """Return the dependencies of each call in Keras's graph, masks included.

    Args:
        nodes: Calls in topological order. Inputs of the graph may be omitted.
    """
    masks: dict[tuple[Node, int], Source] = {}
    sources: dict[Source, list[Source]] = {}

    def find_mask(tensor: SymbolicTensor) -> Source | None:
        return masks.get((tensor.node, tensor.index))

    for node in nodes:
        first = node.args[0] if node.args else None
        carried = map_leaves(first, SymbolicTensor, find_mask)
        is_passed = node.layer.is_given_mask(node.args, node.kwargs)
        passed = find_leaves(carried, (Node, MaskStep)) if is_passed else ()
        sources[node] = [*node.parent_nodes, *passed]
        given = map_leaves(node.kwargs.get("mask"), SymbolicTensor, lambda one: one.node)
        inputs = map_leaves(first, SymbolicTensor, lambda one: one.node)
        made = node.layer.trace_masks(inputs, carried if given is None else given)
        for index, mask in enumerate(_list_masks(made)):
            if mask is not None:
                masks[node, index] = mask
    return sources


def _list_masks(masks: Any) -> list[Source | None]:
    if isinstance(masks, dict):
        masks = [masks[key] for key in sorted(masks)]
    if isinstance(masks, (list, tuple)):
        return [mask for part in masks for mask in _list_masks(part)]
    return [masks if isinstance(masks, (Node, MaskStep)) else None]
