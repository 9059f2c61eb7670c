"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_epsilon, require_rho
from kplug.optimizers.base.rule import RuleOptimizer, Tensors


class Adadelta(RuleOptimizer):
    """Steps in the units of the weights, from running averages of gradients and of updates.

    a ← ρ·a + (1 − ρ)·g²; u = g·√(d + ε) / √(a + ε); p ← p − lr_t·u; d ← ρ·d + (1 − ρ)·u²;
    lr_t = lr / (1 + decay · i).

    Args:
        lr: Learning rate, a number >= 0 or a schedule; 1 is the published method.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adadelta = Adadelta(epsilon=1e-2).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adadelta.step()
        >>> round(weight.item(), 4)
        0.5556

    Reference:
        Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012. The default rate is Keras 2's 1.0;
        Keras 3 has 0.001, and torch has ρ = 0.9 and ε = 1e-6.
    """

    state_blocks = (("square_avg", "acc_delta"),)
    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("square_avg", "acc_delta")
    rho = GroupSetting("rho", require_rho)
    epsilon = GroupSetting("eps", require_epsilon)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 1.0,
        rho: float = 0.95,
        epsilon: float | None = None,
        decay: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, rho=rho, epsilon=epsilon, decay=decay)

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return group["lr"], group["rho"], group["eps"]

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (rate, rho, epsilon), (squares, deltas) = plan, state
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - rho)
        updates = torch._foreach_add(deltas, epsilon)
        torch._foreach_div_(updates, torch._foreach_add(squares, epsilon))
        torch._foreach_sqrt_(updates)
        torch._foreach_mul_(updates, gradients)
        torch._foreach_add_(parameters, updates, alpha=-rate)
        torch._foreach_mul_(deltas, rho)
        torch._foreach_addcmul_(deltas, updates, updates, 1.0 - rho)
