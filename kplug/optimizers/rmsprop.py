"""RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.component_types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_epsilon, require_rho
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class RMSprop(RuleOptimizer):
    """Steps divided by a running average of the gradient's magnitude.

    a ← ρ·a + (1 − ρ)·g² and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> rmsprop = RMSprop(lr=0.01).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> rmsprop.step()
        >>> round(weight.item(), 4)
        0.9684

    Reference:
        Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6, 2012. As in Keras 2, ε
        stands outside the root; Keras 3 has it inside.
    """

    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("square_avg",)
    rho = GroupSetting("alpha", require_rho)
    epsilon = GroupSetting("eps", require_epsilon)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, rho=rho, epsilon=epsilon, decay=decay)

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return group["lr"], group["alpha"], group["eps"]

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (rate, rho, epsilon), (squares,) = plan, state
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - rho)
        magnitudes = torch._foreach_sqrt(squares)
        torch._foreach_add_(magnitudes, epsilon)
        torch._foreach_addcdiv_(parameters, gradients, magnitudes, -rate)
