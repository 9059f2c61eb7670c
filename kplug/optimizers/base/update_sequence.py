"""An optimizer's step around its rule: loss scaling, accumulation, clipping, weight decay, averages.

A step is planned, then run: ``plan_update`` computes numbers in Python, and ``run_update`` changes tensors. A
compiled step runs the same two, with tensors in place of the numbers. The functions take the optimizer as
their first argument; ``Optimizer`` has some of them as methods.
"""
# ruff: noqa: D417 - methods: self needs no entry

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from typing_extensions import Self

from kplug.errors import ContractError
from kplug.optimizers.base.clipping import Clipping
from kplug.optimizers.base.common_arguments import CommonSettings
from kplug.optimizers.base.given_gradients import (
    lending_gradients,
    require_gradients,
    require_known,
)
from kplug.optimizers.base.lr_and_learning_rate import Schedule
from kplug.optimizers.base.moving_average import write_averages
from kplug.optimizers.base.torch_kernels import align_gradients, make_dense
from kplug.optimizers.base.weight_decay import OWN_DECAY, Exclusions, shrink
from kplug.registry.quoting import quote


class AnyOptimizer(Protocol):
    """The attributes of an optimizer that these methods use; see ``Optimizer``."""

    param_groups: list[dict[str, Any]]
    state: Any
    _schedule: Schedule | None
    _own_schedules: Mapping[int, Schedule | None]
    _common: CommonSettings
    _clipping: Clipping | None
    _is_plain: bool
    _names: dict[Tensor, str]
    _exclusions: Exclusions
    _weight: Any

    @property
    def built(self) -> bool:
        """Whether the parameters are known."""

    @property
    def use_ema(self) -> bool:
        """Whether a moving average of the weights is kept."""

    @property
    def weight_decay(self) -> float | None:
        """The part of the learning rate by which weights shrink."""

    def build(self, params: Iterable[Any]) -> Self:
        """Set the parameters to train."""

    def apply(
        self, grads: Iterable[Tensor | None], trainable_variables: Iterable[Tensor] | None = None
    ) -> None:
        """Make a step with given gradients."""

    def step(self) -> Any:
        """Make a step with the parameters' own gradients."""

    @classmethod
    def _owner(cls) -> str: ...
    def _list_parameters(self) -> list[Tensor]: ...
    def _update(self, iteration: int) -> None: ...
    def _shrink_group(self, group: dict[str, Any]) -> None: ...


def apply(
    self: AnyOptimizer,
    grads: Iterable[Tensor | None],
    trainable_variables: Iterable[Tensor] | None = None,
) -> None:
    """Make a step with given gradients; the parameters' own ``grad`` does not change.

    Args:
        grads: A gradient for each variable; None for no update.
        trainable_variables: The parameters, on which the first call may build; None is all.

    Raises:
        ContractError: The number of gradients differs, or a parameter is not trained here.
    """
    owned = self._list_parameters()
    variables = owned if trainable_variables is None else list(trainable_variables)
    gradients = require_gradients(self._owner(), list(grads), variables)
    if not self.built:
        self.build(variables)
        owned = self._list_parameters()
    require_known(self._owner(), owned, variables)
    if self._clipping is not None or not self._is_plain:
        # Clipping works in place: on the caller's tensors, and twice on one of two variables.
        gradients = [None if each is None else each.clone() for each in gradients]
    with lending_gradients(owned, dict(zip(map(id, variables), gradients, strict=True))):
        self.step()


def apply_gradients(
    self: AnyOptimizer, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]
) -> None:
    """Make a step with pairs of gradient and parameter."""
    try:
        gradients, variables = zip(*grads_and_vars, strict=True)
    except (TypeError, ValueError):
        raise ContractError(
            f"{self._owner()}: apply_gradients takes pairs of gradient and parameter, got "
            f"{quote(grads_and_vars)}",
            hint="Write optimizer.apply_gradients(zip(gradients, model.trainable_weights)).",
        ) from None
    self.apply(gradients, variables)


Rates: TypeAlias = Sequence[Any]  # numbers, or tensors while a graph is traced


class UpdatePlan(NamedTuple):
    """The part of a step that Python decides and computes, before a tensor changes.

    In a compiled step, ``rates`` and ``momentum`` are tensors: inputs of its graph.

    Args:
        updates: The number of updates made, as counted by the rule.
        is_due: Whether the step updates, and does not only add up gradients.
        rates: The learning rate of each group, for this update only; None for the groups' own.
        momentum: μ of the moving averages; None without averages.
        is_written: Whether the weights become their averages.
        collected: The number of gradients that were added up before.
    """

    updates: int
    is_due: bool
    rates: Rates | None
    momentum: Any = None
    is_written: bool = False
    collected: int = 0


PLAIN = UpdatePlan(0, True, None)  # of a compiled step of clipping and the rule only


def plan_update(self: AnyOptimizer, iteration: int) -> UpdatePlan:
    """Set the scheduled rate, and compute the numbers of a step beside those of the rule."""
    accumulation, average = self._common.accumulation, self._common.average
    updates, collected, is_due = iteration, 0, True
    if accumulation is not None:
        updates, collected = divmod(iteration, accumulation.steps)
        is_due = collected == accumulation.steps - 1
    rates = plan_rates(self, iteration) if is_due else None
    momentum, is_written = (None, False) if average is None else average.plan(updates)
    return UpdatePlan(updates, is_due, rates, momentum, is_written, collected)


def plan_rates(self: AnyOptimizer, iteration: int) -> list[float] | None:
    """Set the scheduled rate; return the decayed rate of each group, or None without ``decay``."""
    groups = self.param_groups
    if self._schedule is not None or self._own_schedules:
        for place, group in enumerate(groups):
            schedule = self._own_schedules.get(place, self._schedule)
            if schedule is not None:
                group["lr"] = float(schedule(iteration))
    if not any(group["decay"] for group in groups):
        return None
    return [group["lr"] / (1.0 + group["decay"] * iteration) for group in groups]


def run_update(
    self: AnyOptimizer, plan: UpdatePlan, parameters: list[Tensor], update: Callable[[int], None]
) -> None:
    """Run a planned step: the sequence of all parts, eagerly or while a graph is traced.

    Args:
        plan: What ``plan_update`` returned.
        parameters: Those of the optimizer, with dense gradients; their ``grad`` changes.
        update: Applies the rule; it takes the number of updates made.
    """
    common = self._common
    scaling, accumulation, average = common.scaling, common.accumulation, common.average
    moving = [parameter for parameter in parameters if parameter.grad is not None]
    if scaling is not None:
        scaling.unscale(moving)
    if accumulation is not None:
        weight = self._weight if accumulation.by_samples else 1.0
        self._weight = 1.0
        accumulation.collect(self.state, parameters, weight, plan.collected)
    if plan.is_due:
        clip_and_update(self, plan.updates, plan.rates, update)
    if average is not None:
        average.follow(self.state, parameters, plan.momentum, is_written=plan.is_written)


def clip_and_update(
    self: AnyOptimizer, updates: int, rates: Rates | None, update: Callable[[int], None]
) -> None:
    """Clip the gradients; then shrink the weights and apply the rule, at the rates of this update."""
    if self._clipping is not None:
        self._clipping.apply(self._list_parameters())
    groups = self.param_groups
    given = [] if rates is None else [group["lr"] for group in groups]
    try:
        if rates is not None:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate
        if not self._is_plain:
            for group in groups:
                self._shrink_group(group)
        update(updates)
    finally:
        if rates is not None:  # schedulers must see the rate without decay
            for group, rate in zip(groups, given, strict=True):
                group["lr"] = rate


def step_without_parts(self: AnyOptimizer, iteration: int) -> None:
    """Make a step of clipping and the rule only: a shorter ``step_with_parts``."""
    _align(self)
    clip_and_update(self, iteration, plan_rates(self, iteration), self._update)


@torch.no_grad()
def step_with_parts(self: AnyOptimizer, iteration: int) -> None:
    """Make a step with all configured parts, without changing the gradients that the user sees."""
    plan = plan_update(self, iteration)
    parameters = self._list_parameters()
    given = [parameter.grad for parameter in parameters]
    try:
        if plan.is_due:
            _align(self)
        else:
            make_dense(parameters)
        run_update(self, plan, parameters, self._update)
    finally:
        for parameter, gradient in zip(parameters, given, strict=True):
            parameter.grad = gradient


def _align(self: AnyOptimizer) -> None:
    """Give gradients the form that the kernels of eager updates require."""
    for group in self.param_groups:
        if group.get("fused"):
            align_gradients(group["params"])
        else:
            make_dense(group["params"])


def shrink_group(self: AnyOptimizer, group: dict[str, Any]) -> None:
    """Shrink the weights that have a gradient, p ← p · (1 − lr · weight_decay), if asked for."""
    decay = group.get(OWN_DECAY, self.weight_decay)
    if decay:
        shrink_some(self, group["params"], decay * group["lr"])


def shrink_some(self: AnyOptimizer, parameters: list[Tensor], fraction: float) -> None:
    """Shrink the parameters that are not excluded from weight decay."""
    shrink(self._exclusions.select(parameters, self._names), fraction)


def finalize_variable_values(self: AnyOptimizer, var_list: Iterable[Tensor] | None = None) -> None:
    """With ``use_ema``, assign the moving averages to the weights; ``fit`` calls it at its end.

    Args:
        var_list: The parameters to change; by default all.
    """
    if self.use_ema:
        write_averages(self.state, self._list_parameters() if var_list is None else var_list)
