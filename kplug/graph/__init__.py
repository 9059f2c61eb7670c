"""The graph of a model: symbolic tensors, and nodes that record how layers connect them.

Calling a layer on a symbolic tensor computes nothing: it adds a node. Shapes are found when they are
asked for, so a layer may be connected before its components are looked up.
"""

from __future__ import annotations

from kplug.graph.modes import in_mode
from kplug.graph.nodes import Node, Operation, sort_nodes
from kplug.graph.running import GraphFunction, find_path, run_path
from kplug.graph.structures import find_leaves, map_leaves
from kplug.graph.symbolic import (
    KerasHistory,
    Shape,
    SymbolicTensor,
    TensorSpec,
    is_symbolic,
)

__all__ = [
    "GraphFunction",
    "KerasHistory",
    "Node",
    "Operation",
    "Shape",
    "SymbolicTensor",
    "TensorSpec",
    "find_leaves",
    "find_path",
    "in_mode",
    "is_symbolic",
    "map_leaves",
    "run_path",
    "sort_nodes",
]
