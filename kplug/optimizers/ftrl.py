"""FTRL-Proximal, for sparse linear models."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.components.arguments import require_nonnegative
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_power
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class Ftrl(RuleOptimizer):
    """Follow the regularized leader: weights that are exactly zero until the data insist.

    With k = −learning_rate_power: g' = g + 2·l2_shrinkage·p; n' = n + g²;
    z ← z + g' − (n'ᵏ − nᵏ) / lr · p; q = n'ᵏ / lr + 2·(l2 + beta / (2·lr));
    p ← (clip(z, ±l1) − z) / q; n ← n'.

    Args:
        lr: Learning rate, a number > 0 or a schedule.
        learning_rate_power: −k <= 0; at 0 the rate is fixed.
        initial_accumulator_value: The first n, >= 0.
        l1_regularization_strength: l1 >= 0.
        l2_regularization_strength: l2 >= 0.
        l2_shrinkage_regularization_strength: A penalty on the weights' size, added to the gradient, >= 0.
        beta: Enters q, >= 0.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([0.5]))
        >>> ftrl = Ftrl(lr=0.1, l1_regularization_strength=10.0).build([weight])
        >>> weight.grad = torch.tensor([2.0])
        >>> ftrl.step()
        >>> weight.item()
        0.0

    Reference:
        McMahan et al., Ad Click Prediction: a View from the Trenches, 2013; ``keras.optimizers.Ftrl``.
        As in Keras, the weights are a function of z alone: their initial values have no effect.
    """

    state_blocks = (("accumulator", "linear"),)
    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("accumulator", "linear")
    learning_rate_power = GroupSetting("learning_rate_power", require_power)
    initial_accumulator_value = GroupSetting("initial_accumulator_value", require_nonnegative)
    l1_regularization_strength = GroupSetting("l1", require_nonnegative)
    l2_regularization_strength = GroupSetting("l2", require_nonnegative)
    l2_shrinkage_regularization_strength = GroupSetting("l2_shrinkage", require_nonnegative)
    beta = GroupSetting("beta", require_nonnegative)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(
            lr,
            common,
            learning_rate_power=learning_rate_power,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
            beta=beta,
        )

    def _make_slot(self, name: str, group: dict[str, Any], parameter: Tensor) -> Tensor:
        made = super()._make_slot(name, group, parameter)
        return made.fill_(group["initial_accumulator_value"]) if name == "accumulator" else made

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        rate = group["lr"]
        if rate == 0.0:  # avoids division by 0; nothing moves at rate 0
            return None
        has_offset = group["l2"] or group["beta"]
        offset = 2.0 * group["l2"] + group["beta"] / rate if has_offset else None
        return rate, -group["learning_rate_power"], group["l1"], group["l2_shrinkage"], offset

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        if plan is None:
            return
        (rate, power, l1, shrinkage, offset), (sums, linears) = plan, state
        torch._foreach_add_(linears, gradients)
        if shrinkage:
            torch._foreach_add_(linears, parameters, alpha=2.0 * shrinkage)
        before = _raise(sums, power)
        torch._foreach_addcmul_(sums, gradients, gradients)
        after = _raise(sums, power)
        torch._foreach_sub_(before, after)
        torch._foreach_addcmul_(linears, parameters, before, 1.0 / rate)
        if offset is not None:
            torch._foreach_add_(after, offset * rate)  # lr · q
        torch._foreach_copy_(parameters, linears)
        if l1:
            for parameter in parameters:
                torch.sub(parameter.clamp(-l1, l1), parameter, out=parameter)
        torch._foreach_mul_(parameters, rate if l1 else -rate)
        torch._foreach_div_(parameters, after)


def _raise(tensors: Tensors, power: float) -> Tensors:
    if power == 0.5:
        return list(torch._foreach_sqrt(tensors))
    return list(torch._foreach_pow(tensors, power))
