"""Splits an optimizer's step in two: numbers computed in Python, and tensor operations.

A compiled step is a graph of tensor operations. Numbers that change from step to step, such as a rate or a
bias correction, are inputs of shape (); others are constants. A planner computes the numbers of each step,
and applies them to tensors while the graph is traced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor

from kplug.optimizers.adapt import needs_closure
from kplug.optimizers.base.optimizer import Optimizer
from kplug.optimizers.base.rule import ListRule, update_group
from kplug.optimizers.base.torch_kernels import get_unhooked_step, make_dense
from kplug.optimizers.base.update_sequence import PLAIN, Rates, plan_rates, plan_update, run_update
from kplug.optimizers.loss_scale import LossScaleOptimizer
from kplug.optimizers.multi import MultiOptimizer
from kplug.training.jit.step_numbers import RuleNumbers, holds_values


class Planner:
    """The steps of one optimizer.

    Attributes:
        waits: Whether the next step cannot be planned before this one has run.
        counts: Whether ``plan`` counts the step, so that the optimizer's ``step`` would count it twice.
    """

    waits, counts = False, True

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        """Count one step and compute its numbers.

        Args:
            numbers: Receives the numbers that differ from step to step.

        Returns:
            The step's constants, which are equal for equal graphs; and the structure that ``apply``
            takes.
        """
        raise NotImplementedError

    def scale(self, loss: Tensor, numbers: list[Tensor]) -> Tensor:  # noqa: ARG002 - one needs it
        """Return the loss for the backward pass, scaled if necessary."""
        return loss

    def apply(self, structure: Any, numbers: Iterator[Tensor]) -> Tensor | None:
        """Update the parameters from their gradients, with the planned numbers as tensors.

        Returns:
            What ``settle`` wants to know, or None.
        """
        raise NotImplementedError

    def settle(self, outcome: Tensor | None) -> None:
        """Finish a step, once it has run."""


def find_planner(optimizer: torch.optim.Optimizer) -> Planner | None:
    """Return the planner of an optimizer, or None if its step cannot be compiled."""
    hooks = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    if any(getattr(optimizer, name, None) for name in hooks) or needs_closure(optimizer):
        return None
    if isinstance(optimizer, LossScaleOptimizer):
        inner = find_planner(optimizer.inner_optimizer)
        return None if inner is None else _ScaledPlanner(optimizer, inner)
    if isinstance(optimizer, MultiOptimizer):
        planners = [find_planner(each) for each in optimizer.optimizers if each.built]
        known = [planner for planner in planners if planner is not None]
        return _ManyPlanner(known) if len(known) == len(planners) else None
    if isinstance(optimizer, Optimizer):
        return _RulePlanner(optimizer) if _has_plain_rule(optimizer) else None
    has_rates = all("lr" in group for group in optimizer.param_groups)
    return _TorchPlanner(optimizer) if has_rates else None


def _has_plain_rule(optimizer: Optimizer) -> bool:
    """Return whether ``step`` runs the list form of a rule, and its plan consists of numbers.

    A subclass that overrides another method but not the list form would behave differently when compiled.
    """
    kind = type(optimizer)
    if _find_owner(kind, "_plan") is None:
        return False
    form = _find_owner(kind, "_update_group")
    others = (_find_owner(kind, name) for name in ("_update", "_step_without_parts", "step"))
    is_followed = form is not None and all(other is None or form <= other for other in others)
    rule, groups = cast("ListRule", optimizer), optimizer.param_groups
    return is_followed and all(holds_values(rule._plan({**group}, 1)) for group in groups)


def _find_owner(kind: type, name: str) -> int | None:
    """Return the index in the MRO of the class that defines a method.

    torch wraps ``step`` of every instantiated class; such a wrapper does not count as a definition.
    """
    for index, each in enumerate(kind.__mro__):
        if name in vars(each) and not getattr(vars(each)[name], "hooked", False):
            return index
    return None


class _RulePlanner(Planner):
    """The steps of an optimizer of kplug or a plugin."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer, self.rule = optimizer, cast("ListRule", optimizer)
        self.numbers: list[RuleNumbers] = []  # one for each parameter group

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        optimizer = self.optimizer
        head = optimizer.param_groups[0]
        iteration = head["iterations"]
        head["iterations"] = iteration + 1
        if optimizer._is_plain:  # the fast path: this runs before every step
            constants, structures = self._plan_rules(
                plan_rates(optimizer, iteration), iteration, numbers
            )
            return constants, (PLAIN, structures)
        plan = plan_update(optimizer, iteration)
        found: tuple[Any, list[Any]] = None, []
        if plan.is_due:
            found = self._plan_rules(plan.rates, plan.updates, numbers)
        if plan.momentum is not None:
            numbers.append(plan.momentum)
        constants = found[0], plan.is_due, plan.is_written, optimizer._common
        return constants, (plan, found[1])

    def _plan_rules(
        self, rates: Rates | None, updates: int, numbers: list[float]
    ) -> tuple[tuple[Any, ...], list[Any]]:
        groups = self.optimizer.param_groups
        while len(self.numbers) < len(groups):
            self.numbers.append(RuleNumbers(self.rule._plan))
        constants, structures = [], []
        given = rates or [None] * len(groups)
        for group, rule, rate in zip(groups, self.numbers, given, strict=True):
            found, structure = rule.plan(group, updates + 1, rate, numbers)
            constants.append(found)
            structures.append(structure)
        return tuple(constants), structures

    def scale(self, loss: Tensor, numbers: list[Tensor]) -> Tensor:  # noqa: ARG002 - one needs it
        return self.optimizer.scale_loss(loss)

    def apply(self, structure: Any, numbers: Iterator[Tensor]) -> None:
        planned, structures = structure
        optimizer = self.optimizer
        rules = [
            each.rebuild(part, numbers)
            for each, part in zip(self.numbers, structures, strict=False)
        ]
        # A tensor rate is an input of the graph; the group's number would become a constant.
        plan = planned._replace(
            rates=[rate for rate, _ in rules],
            momentum=None if planned.momentum is None else next(numbers),
        )

        def update(updates: int) -> None:  # noqa: ARG001 - the rules are planned
            for group, (_, rule) in zip(optimizer.param_groups, rules, strict=True):
                update_group(self.rule, group, rule)

        parameters = optimizer._list_parameters()
        make_dense(parameters)
        run_update(optimizer, plan, parameters, update)


class _TorchPlanner(Planner):
    """The steps of a torch optimizer, whose rate is the only number that changes."""

    counts = False

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        constants = []
        for group in self.optimizer.param_groups:
            numbers.append(float(group["lr"]))
            others = [(key, value) for key, value in group.items() if key not in ("params", "lr")]
            constants.append(repr(others))
        return tuple(constants), None

    def apply(self, structure: Any, numbers: Iterator[Tensor]) -> None:  # noqa: ARG002
        groups = self.optimizer.param_groups
        rates = [(group["lr"], next(numbers)) for group in groups]
        try:
            for group, (_, number) in zip(groups, rates, strict=True):
                group["lr"] = number
            get_unhooked_step(type(self.optimizer))(self.optimizer)
        finally:
            for group, (rate, number) in zip(groups, rates, strict=True):
                # A graph break for rules that set their own rate: this reads a number of a tensor.
                group["lr"] = rate if group["lr"] is number else float(torch.as_tensor(group["lr"]))


class _ManyPlanner(Planner):
    """The steps of several optimizers, each with parameters of its own."""

    def __init__(self, planners: list[Planner]) -> None:
        self.planners = planners
        self.waits = any(planner.waits for planner in planners)

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        plans = [planner.plan(numbers) for planner in self.planners]
        return tuple(constants for constants, _ in plans), [structure for _, structure in plans]

    def scale(self, loss: Tensor, numbers: list[Tensor]) -> Tensor:
        return self.planners[0].scale(loss, numbers)  # all planners have the same factor

    def apply(self, structure: Any, numbers: Iterator[Tensor]) -> None:
        for planner, part in zip(self.planners, structure, strict=True):
            planner.apply(part, numbers)


class _ScaledPlanner(Planner):
    """The steps of a ``LossScaleOptimizer``: kept where all gradients are finite, else undone.

    A graph has no branches: whether the gradients are finite is a tensor in it. So the update is always made,
    and ``torch.where`` restores the earlier values. Python has advanced the counters already; they are
    restored after the step, when the answer is known: hence ``waits``.
    """

    waits = True

    def __init__(self, optimizer: LossScaleOptimizer, inner: Planner) -> None:
        self.optimizer, self.inner = optimizer, inner
        self.before: list[dict[str, Any]] = []

    def plan(self, numbers: list[float]) -> tuple[Any, Any]:
        self.before = [dict(group) for group in self.optimizer.param_groups]
        numbers.append(self.optimizer.dynamic_scale)
        return self.inner.plan(numbers)

    def scale(self, loss: Tensor, numbers: list[Tensor]) -> Tensor:
        return loss * numbers[0].to(loss.dtype)

    def apply(self, structure: Any, numbers: Iterator[Tensor]) -> Tensor:
        optimizer, scale = self.optimizer, next(numbers)
        is_finite = optimizer._find_finite()
        parameters = optimizer._list_parameters()
        states = [value for p in parameters for value in optimizer.state[p].values()]
        targets = [each for each in (*parameters, *states) if isinstance(each, Tensor)]
        before = [target.detach().clone() for target in targets]
        optimizer._run_unscaled(scale, lambda: self.inner.apply(structure, numbers))
        for target, value in zip(targets, before, strict=True):
            target.detach().copy_(torch.where(is_finite, target.detach(), value))
        return is_finite

    def settle(self, outcome: Tensor | None) -> None:
        is_finite = outcome is None or bool(outcome)
        if not is_finite:
            for group, values in zip(self.optimizer.param_groups, self.before, strict=True):
                group.update(values)
        self.optimizer._adjust_scale(is_finite)
