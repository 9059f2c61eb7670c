"""LAMB: Adam with a trust ratio per tensor."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.types import ScheduleLike
from kplug.optimizers.base.cache_blocks import walk
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import BETA_1, BETA_2, EPSILON
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class Lamb(RuleOptimizer):
    """Adam's direction, scaled for each tensor by the norm of its weights.

    m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²; u = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε);
    p ← p − lr · r · u with r = ‖p‖ / ‖u‖, or 1 where one of them is 0.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> lamb = Lamb(lr=0.1).build([weight])
        >>> weight.grad = torch.tensor([2.0, 2.0])
        >>> lamb.step()
        >>> weight
        Parameter containing:
        tensor([2.6464, 3.6464], requires_grad=True)

    Reference:
        You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, 2020;
        ``keras.optimizers.Lamb``. torch has none.
    """

    state_blocks = (("exp_avg", "exp_avg_sq"),)
    slots: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    beta_1, beta_2, epsilon = BETA_1, BETA_2, EPSILON

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        correction = math.sqrt(1.0 - beta_2**step)
        scale = correction / (1.0 - beta_1**step)
        return beta_1, beta_2, group["eps"] * correction, scale, -group["lr"]

    def _update_group(self, group: dict[str, Any], plan: Any, parameters: Tensors) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        updates = [torch.empty_like(parameter) for parameter in parameters]
        state = self._get_state(group, parameters)
        for lists in walk(updates, gradients, *state):
            self._move(plan, *lists)
        # The updates lack the factor `scale`, which their own norm cancels.
        scale, rate = plan[-2:]
        weights = torch.stack(torch._foreach_norm(parameters))
        sizes = torch.stack(torch._foreach_norm(updates))
        ratios = torch.where((weights > 0) & (sizes > 0), weights / sizes, scale) * rate
        torch._foreach_addcmul_(parameters, updates, ratios.unbind())

    def _move(self, plan: Any, updates: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (beta_1, beta_2, epsilon, *_), (averages, squares) = plan, state
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_copy_(updates, torch._foreach_div(averages, magnitudes))
