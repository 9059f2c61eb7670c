"""RMSprop with ε inside the root, momentum and centering."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Unpack

from kplug.arguments import require_flag
from kplug.component_types import ScheduleLike
from kplug.optimizers import (
    CommonArguments,
    GroupSetting,
    RuleOptimizer,
    require_epsilon,
    require_nonnegative,
    require_rho,
    takes_common,
)


class RMSprop(RuleOptimizer):
    """Steps divided by a running average of the gradient's magnitude.

    a ← ρ·a + (1 − ρ)·g²; with ``centered`` ḡ ← ρ·ḡ + (1 − ρ)·g, else ḡ = 0;
    u = lr·g / √(a − ḡ² + ε); with momentum μ m ← μ·m + u and p ← p − m, else p ← p − u.

    Args:
        momentum: μ >= 0.
        centered: Whether the variance stands in the mean square's place.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> rmsprop = RMSprop(lr=0.5, rho=0.0, epsilon=9.0).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> rmsprop.step()
        >>> round(weight.item(), 4)
        0.6

    Reference:
        Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6, 2012; Graves, Generating
        Sequences With Recurrent Neural Networks, 2013; ``keras.optimizers.RMSprop`` of Keras 3. In
        ``kplug/rmsprop``, as in Keras 2, ε stands outside the root, and there is no momentum.
    """

    is_elementwise = True

    rho = GroupSetting("rho", require_rho)
    momentum = GroupSetting("momentum", require_nonnegative)
    epsilon = GroupSetting("epsilon", require_epsilon)
    centered = GroupSetting("centered", require_flag)
    slots: ClassVar[tuple[str, ...]] = ("square_avg",)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, rho=rho, momentum=momentum, epsilon=epsilon, centered=centered)

    def _list_slots(self, group: dict[str, Any]) -> tuple[str, ...]:
        momentum = ("momentum_buffer",) if group["momentum"] else ()
        return (*self.slots, *momentum, *(("grad_avg",) if group["centered"] else ()))

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return {name: group[name] for name in ("lr", "rho", "momentum", "epsilon", "centered")}

    def _move(
        self, plan: Any, parameters: list[Tensor], gradients: list[Tensor], *state: list[Tensor]
    ) -> None:
        squares, *others = state
        rho, rate = plan["rho"], plan["lr"]
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - rho)
        if plan["centered"]:
            averages = others[-1]
            torch._foreach_mul_(averages, rho)
            torch._foreach_add_(averages, gradients, alpha=1.0 - rho)
            # ε comes last: it must survive where the mean square and the squared mean cancel.
            magnitudes = torch._foreach_addcmul(squares, averages, averages, -1.0)
            torch._foreach_add_(magnitudes, plan["epsilon"])
        else:
            magnitudes = torch._foreach_add(squares, plan["epsilon"])
        torch._foreach_sqrt_(magnitudes)
        if not plan["momentum"]:
            torch._foreach_addcdiv_(parameters, gradients, magnitudes, -rate)
            return
        velocities = others[0]
        torch._foreach_mul_(velocities, plan["momentum"])
        torch._foreach_addcdiv_(velocities, gradients, magnitudes, rate)
        torch._foreach_sub_(parameters, velocities)
