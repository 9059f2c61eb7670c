"""The calls of a layer in a graph: what each of them was given and made.

Each is a function whose first argument is the layer; ``Layer`` has them as its methods.
"""
# ruff: noqa: D417 - methods: self needs no words

from __future__ import annotations

from typing import Any

from kplug.graph import Node
from kplug.layers.base.graph_links import read_node
from kplug.layers.base.methods.protocol import AnyLayer
from kplug.weak_links import WeakLink


def note_user(self: AnyLayer, node: Node) -> None:
    """Note a call of another layer that uses a symbolic output of this one."""
    self._users.append(WeakLink(node))


def get_input_at(self: AnyLayer, node_index: int) -> Any:
    """Return the symbolic input of one call of the layer.

    Args:
        node_index: Which call, from 0.

    Raises:
        GraphError: There was no such call.
    """
    return read_node(self, node_index, "input")


def get_output_at(self: AnyLayer, node_index: int) -> Any:
    """Return the symbolic output of one call of the layer."""
    return read_node(self, node_index, "output")


def get_input_shape_at(self: AnyLayer, node_index: int) -> Any:
    """Return the input shape of one call of the layer."""
    return read_node(self, node_index, "input_shape")


def get_output_shape_at(self: AnyLayer, node_index: int) -> Any:
    """Return the output shape of one call of the layer."""
    return read_node(self, node_index, "output_shape")
