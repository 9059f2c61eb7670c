"""Computing a part of a graph from values of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, final

import torch

from kplug.backend import NumpyArray, get_value
from kplug.errors import GraphError
from kplug.graph.modes import in_mode
from kplug.graph.nodes import Node, sort_nodes
from kplug.graph.symbolic import SymbolicTensor


def find_path(inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]) -> list[Node]:
    """Return the nodes between inputs and outputs, in an order in which they can be computed.

    Args:
        inputs: Tensors whose values will be given.
        outputs: Tensors whose values are wanted.

    Returns:
        The nodes that must run; those of ``inputs`` are not among them.

    Raises:
        GraphError: An output depends on an input that is not given.
    """
    given = set(inputs)
    nodes = sort_nodes(outputs, is_known=lambda node: given.issuperset(node.output_tensors))
    for node in nodes:
        if node.is_input:
            known = ", ".join(repr(tensor.name) for tensor in inputs) or "none"
            raise GraphError(
                f"graph disconnected: the outputs depend on input {node.layer.name!r}, "
                f"which is not among the inputs ({known})",
                hint="Give every Input that the outputs are made of.",
            )
    return nodes


def run_path(
    nodes: Iterable[Node],
    values: dict[SymbolicTensor, Any],
    outputs: Sequence[SymbolicTensor],
) -> list[Any]:
    """Compute nodes in their order and return the values of ``outputs``.

    Args:
        nodes: From ``find_path``.
        values: The value of each input; filled with what is computed.
        outputs: What is wanted.
    """
    for node in nodes:
        made = node.compute(values)
        for tensor, value in zip(node.output_tensors, made, strict=True):
            values.setdefault(tensor, value)
    return [values[tensor] for tensor in outputs]


@final
class GraphFunction:
    """A function from values of some tensors of a graph to values of others.

    Args:
        inputs: Symbolic tensors; a learning phase (0 or 1) may be the last.
        outputs: Symbolic tensors.

    Raises:
        GraphError: The outputs depend on something that is not among the inputs.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[SymbolicTensor]) -> None:
        self._has_phase = bool(inputs) and not isinstance(inputs[-1], SymbolicTensor)
        self._inputs = list(inputs[:-1] if self._has_phase else inputs)
        self._outputs = list(outputs)
        self._nodes = find_path(self._inputs, self._outputs)

    def __call__(self, values: Sequence[Any]) -> list[NumpyArray]:
        """Return the outputs in NumPy.

        Args:
            values: One array or tensor an input, and the learning phase if it was asked for.

        Raises:
            GraphError: There is another number of values.
        """
        expected = len(self._inputs) + self._has_phase
        if len(values) != expected:
            raise GraphError(f"the function takes {expected} values, got {len(values)}")
        is_training = bool(values[-1]) if self._has_phase else False
        tensors = [torch.as_tensor(value) for value in values[: len(self._inputs)]]
        with torch.no_grad(), in_mode(_modules_of(self._nodes), is_training):
            feeds: dict[SymbolicTensor, Any] = dict(zip(self._inputs, tensors, strict=True))
            return [get_value(one) for one in run_path(self._nodes, feeds, self._outputs)]


def _modules_of(nodes: Iterable[Node]) -> list[Any]:
    return [module for layer in _unique_operations(nodes) for module in layer.modules()]


def _unique_operations(nodes: Iterable[Node]) -> list[Any]:
    return list({id(node.layer): node.layer for node in nodes}.values())
