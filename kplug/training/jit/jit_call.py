"""A compiled graph bound to its inputs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from kplug.support.nested import map_leaves
from kplug.training.jit.captured_state import TensorReference
from kplug.training.jit.tracing import as_input

_IS_TRAINED = operator.attrgetter("requires_grad")


class Output(int):
    """The index of a tensor among the outputs of a graph."""


@dataclass
class JitCall:
    """A traced and compiled call. Its inputs come in the order of the first four arguments.

    Args:
        paths: The paths of the tensors that the step holds.
        leaves: The indices of the batch's tensors that follow.
        takes_numbers: Whether the planned numbers follow.
        fixed: The last inputs.
        result: What the step returned, with an ``Output`` for each tensor.
        outcome: The argument of ``settle``, likewise.

    Attributes:
        run: The compiled graph.
        held: The current tensors at the paths.
    """

    paths: list[str]
    leaves: list[int]
    takes_numbers: bool
    fixed: list[Tensor]
    result: Any
    outcome: Any
    run: Callable[..., Sequence[Tensor]] = field(init=False)
    held: list[Tensor] = field(default_factory=list, init=False)
    _containers: list[Any] = field(default_factory=list, init=False)
    _keys: list[Any] = field(default_factory=list, init=False)
    _looks: list[Any] = field(default_factory=list, init=False)

    def bind(self, references: Mapping[str, TensorReference]) -> None:
        """Bind the current tensors at the paths."""
        found = [references[path] for path in self.paths]
        self.held = [as_input(reference.get()) for reference in found]
        dense = [each for each in found if each.get().layout is torch.strided]
        self._containers = [each.container for each in dense]
        self._keys = [each.key for each in dense]
        self._looks = self._look()

    def is_bound(self) -> bool:
        """Return whether the paths hold the same memory, with the same trainability, as when bound.

        A callback, or ``load_weights`` between two epochs, may have put another tensor there. The graph
        would go on with the old one without an error.
        """
        try:
            return self._look() == self._looks
        except (KeyError, IndexError, AttributeError, TypeError, RuntimeError):  # no dense tensor
            return False

    def _look(self) -> list[Any]:
        # This runs before every step, so all work is done in C.
        tensors: list[Tensor] = list(map(operator.getitem, self._containers, self._keys))
        return [*map(Tensor.data_ptr, tensors), *map(_IS_TRAINED, tensors)]

    def list_inputs(self, leaves: Sequence[Tensor], numbers: Tensor) -> list[Tensor]:
        """Return the graph's inputs for a batch with these tensors and the planned numbers of its step."""
        tensors = [*self.held, *[leaves[index] for index in self.leaves]]
        if self.takes_numbers:
            tensors.append(numbers)
        return tensors + self.fixed

    @property
    def moving(self) -> slice:
        """The indices of inputs that differ from call to call."""
        first = len(self.held)
        return slice(first, first + len(self.leaves) + self.takes_numbers)


def fill_outputs(result: Any, outputs: Sequence[Tensor]) -> Any:
    """Return a structure with each ``Output`` replaced by its tensor."""
    if type(result) is Output:
        return outputs[result]
    return map_leaves(result, Output, lambda index: outputs[index])
