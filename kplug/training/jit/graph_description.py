"""Serializes a traced graph for another process.

A pickled ``GraphModule`` is traced again when it is loaded. Operations without tensor arguments, such as
random draws, would then run once and become constants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch._ops import OpOverload
from torch.fx.node import map_arg


@dataclass(frozen=True)
class _Reference:
    """A picklable reference to a node's value or to an operation: torch's operations cannot be pickled."""

    name: str


@dataclass(frozen=True)
class GraphDescription:
    """A graph as picklable data.

    Args:
        title: The name of its class, a part of torch's cache key.
        nodes: Kind, name, target, arguments and type of each node.
        constants: The tensors that it holds.
    """

    title: str
    nodes: list[tuple[str, str, Any, Any, Any, Any]]
    constants: dict[str, Tensor]

    @classmethod
    def of(cls, graph: fx.GraphModule) -> GraphDescription:
        """Describe a graph."""
        nodes, constants = [], {}
        for node in graph.graph.nodes:
            target: Any = node.target
            if isinstance(target, OpOverload):
                target = _Reference(str(target))
            if node.op == "get_attr":
                constants[target] = getattr(graph, target)
            arguments = [map_arg(each, _refer) for each in (node.args, node.kwargs)]
            nodes.append((node.op, node.name, target, *arguments, node.type))
        return cls(type(graph).__name__, nodes, constants)

    def make(self) -> fx.GraphModule:
        """Return the graph."""
        graph, known = fx.Graph(), dict[str, fx.Node]()
        for kind, name, target, args, kwargs, annotation in self.nodes:
            operation = _find_operation(target) if isinstance(target, _Reference) else target
            known[name] = graph.create_node(
                kind, operation, _put_in(args, known), _put_in(kwargs, known), name, annotation
            )
        return fx.GraphModule(dict(self.constants), graph, self.title)


def _refer(node: fx.Node) -> Any:
    return _Reference(node.name)


def _put_in(arguments: Any, known: dict[str, fx.Node]) -> Any:
    if isinstance(arguments, _Reference):
        return known[arguments.name]
    if isinstance(arguments, dict):
        return {key: _put_in(each, known) for key, each in arguments.items()}
    if type(arguments) is slice:
        return slice(
            *(_put_in(each, known) for each in (arguments.start, arguments.stop, arguments.step))
        )
    if isinstance(arguments, tuple) and not isinstance(arguments, torch.Size):
        return tuple(_put_in(each, known) for each in arguments)
    if isinstance(arguments, list):
        return [_put_in(each, known) for each in arguments]
    return arguments


def _find_operation(reference: _Reference) -> Callable[..., Any]:
    namespace, packet, overload = reference.name.split(".")
    found: Callable[..., Any] = getattr(getattr(getattr(torch.ops, namespace), packet), overload)
    return found
