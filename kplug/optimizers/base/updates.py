"""An optimizer's step around its rule: clipping, learning rate, weight decay, averages.

Each function takes the optimizer as its first argument; ``Optimizer`` has them as methods.
"""
# ruff: noqa: D417 - methods: self needs no entry

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

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
from kplug.optimizers.base.weight_decay import Exclusions, shrink
from kplug.registry.quoting import quote


class AnyOptimizer(Protocol):
    """The attributes of an optimizer that these methods use; see ``Optimizer``."""

    param_groups: list[dict[str, Any]]
    state: Any
    _schedule: Schedule | None
    _common: CommonSettings
    _clipping: Clipping | None
    _is_plain: bool
    _names: dict[Tensor, str]
    _exclusions: Exclusions

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
    def _advance(self, iteration: int, updates: int) -> None: ...
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


@torch.no_grad()
def step_with_parts(self: AnyOptimizer, iteration: int) -> None:
    """Make a step with all configured parts, without changing the gradients that the user sees."""
    common, parameters = self._common, self._list_parameters()
    moving = [parameter for parameter in parameters if parameter.grad is not None]
    given = [parameter.grad for parameter in moving]
    updates = iteration // (common.gradient_accumulation_steps or 1)
    try:
        make_dense(moving)
        if common.scaling is not None:
            common.scaling.unscale(moving)
        if common.accumulation is None or common.accumulation.collect(
            self.state, moving, iteration
        ):
            self._advance(iteration, updates)
    finally:
        for parameter, gradient in zip(moving, given, strict=True):
            parameter.grad = gradient
    if common.average is not None:
        momentum, is_written = common.average.plan(updates)
        common.average.follow(self.state, parameters, momentum, is_written=is_written)


def advance(self: AnyOptimizer, iteration: int, updates: int) -> None:
    """Clip the gradients, set the rate of this step and update.

    Args:
        iteration: The number of steps made, as counted by schedules and ``decay``.
        updates: The number of updates made, as counted by the rule.
    """
    for group in self.param_groups:
        if group.get("fused"):
            align_gradients(group["params"])
        else:
            make_dense(group["params"])
    if self._clipping is not None:
        self._clipping.apply(self._list_parameters())
    if self._schedule is not None:
        rate = float(self._schedule(iteration))
        for group in self.param_groups:
            group["lr"] = rate
    decay = self.param_groups[0]["decay"]
    if decay:
        _update_with_decay(self, updates, 1.0 + decay * iteration)
    elif self._is_plain:
        self._update(updates)
    else:
        _update_after_weight_decay(self, updates)


def _update_with_decay(self: AnyOptimizer, updates: int, divisor: float) -> None:
    """Set every group's decayed rate for one update only: schedulers must see the undecayed one."""
    rates = [group["lr"] for group in self.param_groups]
    try:
        for group, rate in zip(self.param_groups, rates, strict=True):
            group["lr"] = rate / divisor
        _update_after_weight_decay(self, updates)
    finally:
        for group, rate in zip(self.param_groups, rates, strict=True):
            group["lr"] = rate


def _update_after_weight_decay(self: AnyOptimizer, updates: int) -> None:
    for group in self.param_groups:
        self._shrink_group(group)
    self._update(updates)


def shrink_group(self: AnyOptimizer, group: dict[str, Any]) -> None:
    """Shrink the weights that have a gradient, p ← p · (1 − lr · weight_decay), if asked for."""
    if self.weight_decay:
        shrink_some(self, group["params"], self.weight_decay * group["lr"])


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
