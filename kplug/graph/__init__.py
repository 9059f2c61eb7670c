"""The graph of a model: symbolic tensors, and nodes that record how layers connect them.

Calling a layer on a symbolic tensor computes nothing: it adds a node. Shapes are found when they are
asked for, so a layer may be connected before its components are looked up.
"""

from __future__ import annotations

from kplug.graph.copying import copy_connected
from kplug.graph.modes import in_mode
from kplug.graph.nodes import Node, Operation, sort_nodes
from kplug.graph.plan import Plan, find_path, list_outputs, order_layers
from kplug.graph.running import GraphFunction
from kplug.graph.structures import Layout, find_leaves, map_leaves
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
    "Layout",
    "Node",
    "Operation",
    "Plan",
    "Shape",
    "SymbolicTensor",
    "TensorSpec",
    "copy_connected",
    "find_leaves",
    "find_path",
    "in_mode",
    "is_symbolic",
    "list_outputs",
    "map_leaves",
    "order_layers",
    "sort_nodes",
]
