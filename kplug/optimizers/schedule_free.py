"""Schedule-free AdamW: weight averaging replaces a decreasing learning rate."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import (
    GroupSetting,
    require_beta,
    require_count,
    require_epsilon,
    require_open_beta,
)
from kplug.optimizers.base.rule import RuleOptimizer, Tensors
from kplug.registry import named


@named("schedule_free_adamw")
class ScheduleFreeAdamW(RuleOptimizer):
    """AdamW that averages weights instead of lowering the rate.

    It steps on a sequence z and takes gradients at a point p between z and the average x of all z so far.
    v ← β₂·v + (1 − β₂)·g²; z' = z − lr_t·g / (√(v / (1 − β₂ᵗ)) + ε); x = (p − (1 − β₁)·z) / β₁;
    x ← (1 − 1/t)·x + z'/t; p ← (1 − β₁)·z' + β₁·x; z ← z' at step t = 1, 2, …, from z = p.

    Args:
        beta_1: β₁, in (0, 1): how near to the average the gradients are taken.
        warmup_steps: lr_t = lr · min(t / warmup_steps, 1), if > 0.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = ScheduleFreeAdamW(lr=0.25).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> optimizer.step()
        >>> weight.item()
        0.75

    Reference:
        Defazio et al., The Road Less Scheduled, 2024; ``keras.optimizers.ScheduleFreeAdamW``, whose
        formula this is. On torch, Keras 3.15 overwrites z before it computes x from it, so its results
        differ from the second step on. The weights stay at p after training, as in Keras.
    """

    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("momentum", "velocity")
    beta_1 = GroupSetting("betas", require_open_beta, index=0)
    beta_2 = GroupSetting("betas", require_beta, index=1)
    epsilon = GroupSetting("eps", require_epsilon)
    warmup_steps = GroupSetting("warmup_steps", require_count)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-8,
        warmup_steps: int = 0,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(
            lr, common, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon, warmup_steps=warmup_steps
        )

    def _start_state(self, group: dict[str, Any]) -> None:
        # z starts at the weights when training starts, not at those of a later step.
        self._get_state(group, group["params"])

    def _make_slot(self, name: str, group: dict[str, Any], parameter: Tensor) -> Tensor:
        if name == "momentum":
            return parameter.detach().clone(memory_format=torch.preserve_format)
        return super()._make_slot(name, group, parameter)

    def _plan(self, group: dict[str, Any], step: int) -> Any:
        beta_1, beta_2 = group["betas"]
        rate, warmup = group["lr"], group["warmup_steps"]
        if warmup:
            rate *= min(step / warmup, 1.0)
        # √(v / c) + ε = (√v + ε·√c) / √c.
        correction = math.sqrt(1.0 - beta_2**step)
        return beta_1, beta_2, group["eps"] * correction, -rate * correction, 1.0 / step

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (beta_1, beta_2, epsilon, rate, share), (sequences, squares) = plan, state
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        # x is eliminated: p ← (1 − 1/t)·p + z/t + (1 − β₁ + β₁/t)·(z' − z).
        torch._foreach_lerp_(parameters, sequences, share)
        ahead = 1.0 - beta_1 + beta_1 * share
        torch._foreach_addcdiv_(parameters, gradients, magnitudes, ahead * rate)
        torch._foreach_addcdiv_(sequences, gradients, magnitudes, rate)
