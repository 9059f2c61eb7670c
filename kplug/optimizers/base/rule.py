"""The `RuleOptimizer` base class, for rules without a fast torch kernel."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from kplug.optimizers.base.cache_blocks import walk
from kplug.optimizers.base.optimizer import Optimizer

Tensors = list[Tensor]

_read_type, _read_device = operator.attrgetter("dtype"), Tensor.get_device


class RuleOptimizer(Optimizer):
    """Base of the optimizers that write their own rule; plugins may subclass it.

    A subclass declares its hyperparameters as ``GroupSetting`` attributes and its state as ``slots``,
    calls ``_start`` in its constructor, and defines ``_plan`` and ``_move``.

    Attributes:
        slots: Names of the state tensors, which have the parameter's shape and start at 0.

    Example:
        >>> from typing_extensions import Unpack
        >>> from kplug.optimizers import CommonArguments, takes_common
        >>> class Signs(RuleOptimizer):
        ...     @takes_common
        ...     def __init__(self, lr=0.01, **common: Unpack[CommonArguments]):
        ...         self._start(lr, common)
        ...
        ...     def _plan(self, group, step):
        ...         return -group["lr"]
        ...
        ...     def _move(self, rate, parameters, gradients):
        ...         torch._foreach_add_(parameters, torch._foreach_sign(gradients), alpha=rate)
        >>> weight = torch.nn.Parameter(torch.zeros(2))
        >>> weight.grad = torch.tensor([3.0, -4.0])
        >>> Signs(lr=0.5).build([weight]).step()
        >>> weight.tolist()
        [-0.5, 0.5]
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        """Return the numbers for one update of a group; ``step`` counts from 1."""
        raise NotImplementedError

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        """Update state and parameters in place, element by element, with torch's list operations.

        The lists contain whole tensors or blocks of them.
        """
        raise NotImplementedError

    @torch.no_grad()
    def _update(self, iteration: int) -> None:
        for group in self.param_groups:
            update_group(self, group, self._plan(group, iteration + 1))

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        gradients = [found for p in parameters if (found := p.grad) is not None]
        state = self._get_state(group, parameters)
        for lists in walk(parameters, gradients, *state):
            self._move(plan, *lists)

    def _get_state(self, group: dict[str, Any], parameters: Tensors) -> list[Tensors]:
        """Return the state of parameters that all have the same slots, one list for each slot."""
        return self._get_tensors(self._list_slots(group), group, parameters)

    def _list_slots(self, group: dict[str, Any]) -> Sequence[str]:  # noqa: ARG002 - for subclasses
        """Return the slots that a group's settings require."""
        return self.slots

    def _get_tensors(
        self, names: Sequence[str], group: dict[str, Any], parameters: Tensors
    ) -> list[Tensors]:
        states = [self.state[parameter] for parameter in parameters]
        try:
            return [[state[name] for state in states] for name in names]
        except KeyError:  # the first step of a parameter
            for parameter, state in zip(parameters, states, strict=True):
                for name in names:
                    if name not in state:
                        state[name] = self._make_slot(name, group, parameter)
        return [[state[name] for state in states] for name in names]

    def _make_slot(self, name: str, group: dict[str, Any], parameter: Tensor) -> Tensor:  # noqa: ARG002
        """Return the first value of a state tensor."""
        return torch.zeros_like(parameter, memory_format=torch.preserve_format)


class ListRule(Protocol):
    """The list form of a rule, as in ``Adam``, ``SGD``, ``Adagrad`` and every ``RuleOptimizer``."""

    def _plan(self, group: dict[str, Any], step: int) -> Any: ...
    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None: ...
    def _finish_group(self, group: dict[str, Any], plan: Any) -> None: ...


def update_group(rule: ListRule, group: dict[str, Any], plan: Any) -> None:
    """Apply the list form of a rule to a group, with planned numbers or tensors in their place."""
    for alike in gather_alike([p for p in group["params"] if p.grad is not None]):
        rule._update_group(group, plan, alike)
    rule._finish_group(group, plan)


def gather_alike(parameters: Tensors) -> list[Tensors]:
    """Group the parameters by device and type, as list operations require."""
    # With map for speed: this runs at every step, perhaps over hundreds of small tensors.
    if len(set(map(_read_type, parameters))) <= 1 and len(set(map(_read_device, parameters))) <= 1:
        return [parameters] if parameters else []
    found: dict[object, Tensors] = {}
    for parameter in parameters:
        found.setdefault((parameter.device, parameter.dtype), []).append(parameter)
    return list(found.values())
