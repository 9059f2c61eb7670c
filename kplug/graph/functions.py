"""The ``GraphFunction`` class: runs part of a graph on arrays, as ``K.function`` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch

from kplug.backend import NumpyArray, get_value
from kplug.backend.control import make_function
from kplug.errors import GraphError
from kplug.graph.modes import in_mode
from kplug.graph.nodes import SymbolicTensor
from kplug.graph.plan import Plan


@final
class GraphFunction:
    """A function from values of some tensors of a graph to values of others.

    Args:
        inputs: Symbolic tensors; a learning phase (0 or 1) may be the last.
        outputs: Symbolic tensors.

    Raises:
        GraphError: The outputs depend on a tensor that is not among the inputs.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[SymbolicTensor]) -> None:
        self._has_phase = bool(inputs) and not isinstance(inputs[-1], SymbolicTensor)
        self._inputs = list(inputs[:-1] if self._has_phase else inputs)
        self._plan = Plan(self._inputs, outputs)

    def __call__(self, values: Sequence[Any]) -> list[NumpyArray]:
        """Return the outputs in NumPy, for one value per input, including the phase if it is an input.

        Raises:
            GraphError: The number of values differs.
        """
        expected = len(self._inputs) + self._has_phase
        if len(values) != expected:
            raise GraphError(f"the function takes {expected} values, got {len(values)}")
        is_training = bool(values[-1]) if self._has_phase else False
        tensors = [torch.as_tensor(value) for value in values[: len(self._inputs)]]
        layers = dict.fromkeys(node.layer for node in self._plan.nodes)
        modules = [module for layer in layers for module in layer.modules()]
        with torch.no_grad(), in_mode(modules, is_training):
            return [get_value(one) for one in self._plan.run(tensors)]


make_function.register(
    SymbolicTensor, lambda _output, inputs, outputs: GraphFunction(inputs, outputs)
)
