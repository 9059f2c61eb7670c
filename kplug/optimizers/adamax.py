"""Adamax: Adam with the infinity norm of past gradients."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import BETA_1, BETA_2, EPSILON
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class Adamax(RuleOptimizer):
    """Steps from a running average of the gradient, divided by its fading maximum.

    m ← β₁·m + (1 − β₁)·g; u ← max(β₂·u, |g|); p ← p − lr_t / (1 − β₁ᵗ) · m / (u + ε) at step
    t = 1, 2, …; lr_t = lr / (1 + decay · (t − 1)).

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adamax = Adamax(lr=0.25).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adamax.step()
        >>> weight.item()
        0.75

    Reference:
        Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, section 7. The default rate is
        Keras 2's 0.002; Keras 3 has 0.001. ``torch.optim.Adamax`` adds ε inside the maximum.
    """

    state_blocks = (("exp_avg", "exp_inf"),)
    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_inf")
    beta_1, beta_2, epsilon = BETA_1, BETA_2, EPSILON

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        decay: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, decay=decay)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        return beta_1, beta_2, group["eps"], -group["lr"] / (1.0 - beta_1**step)

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (beta_1, beta_2, epsilon, rate), (averages, largest) = plan, state
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(largest, beta_2)
        torch._foreach_maximum_(largest, torch._foreach_abs(gradients))
        magnitudes = torch._foreach_add(largest, epsilon)
        torch._foreach_addcdiv_(parameters, averages, magnitudes, rate)
