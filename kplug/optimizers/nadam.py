"""Nadam: Adam with Nesterov momentum."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_nonnegative
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import BETA_1, BETA_2, EPSILON, GroupSetting
from kplug.optimizers.base.rule import RuleOptimizer, Tensors
from kplug.registry import Range, search_ranges


@search_ranges(lr=Range(1e-5, 0.1, log=True))
class Nadam(RuleOptimizer):
    """Adam whose momentum looks one step ahead, with a momentum that warms up.

    μ_t = β₁·(1 − ½·0.96^(t·s)); Π = μ₁·…·μ_t; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
    m̄ = (1 − μ_t)·g / (1 − Π) + μ_{t+1}·m / (1 − Π·μ_{t+1}); p ← p − lr·m̄ / (√(v / (1 − β₂ᵗ)) + ε)
    at step t = 1, 2, …

    Args:
        schedule_decay: s >= 0, how fast the momentum reaches β₁.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> nadam = Nadam(lr=0.1).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> nadam.step()
        >>> round(weight.item(), 4)
        0.8944

    Reference:
        Dozat, Incorporating Nesterov Momentum into Adam, 2015. s is Keras 2's 0.004; Keras 3 has 1.
        ``torch.optim.NAdam`` keeps Π in float32; here it is a double.
    """

    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    beta_1, beta_2, epsilon = BETA_1, BETA_2, EPSILON
    schedule_decay = GroupSetting("schedule_decay", require_nonnegative)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(
            lr,
            common,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            schedule_decay=schedule_decay,
        )
        self._set_in_groups(momentum_product=1.0)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        momentum = beta_1 * (1.0 - 0.5 * 0.96 ** (step * group["schedule_decay"]))
        following = beta_1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["schedule_decay"]))
        product = group["momentum_product"] = group["momentum_product"] * momentum
        # √(v / c) + ε = (√v + ε·√c) / √c: the constants go into ε and into the rates.
        correction = math.sqrt(1.0 - beta_2**step)
        rate = float(group["lr"]) * correction
        return (
            beta_1,
            beta_2,
            group["eps"] * correction,
            -rate * (1.0 - momentum) / (1.0 - product),
            -rate * following / (1.0 - product * following),
        )

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (beta_1, beta_2, epsilon, gradient_rate, average_rate), (averages, squares) = plan, state
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_addcdiv_(parameters, gradients, magnitudes, gradient_rate)
        torch._foreach_addcdiv_(parameters, averages, magnitudes, average_rate)
