"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.arguments import require_flag, require_nonnegative
from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_epsilon, require_rho
from kplug.optimizers.base.rule import RuleOptimizer, Tensors
from kplug.registry import Range, search_ranges


@search_ranges(lr=Range(1e-5, 0.1, log=True))
class RMSprop(RuleOptimizer):
    """Steps divided by a running average of the gradient's magnitude.

    a ← ρ·a + (1 − ρ)·g² and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).
    With momentum μ or ``centered`` u = lr_t·g / √(a − ḡ² + ε); ḡ ← ρ·ḡ + (1 − ρ)·g if centered, else 0;
    m ← μ·m + u and p ← p − m.

    Args:
        momentum: μ >= 0.
        centered: Whether the variance replaces the mean square.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> rmsprop = RMSprop(lr=0.01).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> rmsprop.step()
        >>> round(weight.item(), 4)
        0.9684

    Reference:
        Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6, 2012; Graves, Generating
        Sequences With Recurrent Neural Networks, 2013. As in Keras 2, which has neither momentum nor
        centering, ε is outside the root; with one of them the rule is Keras 3's, with ε inside.
    """

    state_blocks = (("square_avg",), ("momentum_buffer",), ("grad_avg",))
    is_elementwise = True

    #: Whether ε is always inside the root, as in Keras 3.
    has_epsilon_inside: ClassVar[bool] = False
    slots: ClassVar[tuple[str, ...]] = ("square_avg",)
    rho = GroupSetting("alpha", require_rho)
    epsilon = GroupSetting("eps", require_epsilon)
    momentum = GroupSetting("momentum", require_nonnegative)
    centered = GroupSetting("centered", require_flag)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        *,
        momentum: float = 0.0,
        centered: bool = False,
        **common: Unpack[CommonArguments],
    ) -> None:
        rule = {"rho": rho, "epsilon": epsilon, "decay": decay}
        self._start(lr, common, **rule, momentum=momentum, centered=centered)

    def _list_slots(self, group: dict[str, Any]) -> Sequence[str]:
        momentum = ("momentum_buffer",) if group["momentum"] else ()
        return (*self.slots, *momentum, *(("grad_avg",) if group["centered"] else ()))

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return group["lr"], group["alpha"], group["eps"], group["momentum"], group["centered"]

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (rate, rho, epsilon, momentum, is_centered), (squares, *others) = plan, state
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - rho)
        if is_centered:
            averages = others[-1]
            torch._foreach_mul_(averages, rho)
            torch._foreach_add_(averages, gradients, alpha=1.0 - rho)
            # ε is added last, so that it remains if the mean square and the squared mean cancel.
            magnitudes = torch._foreach_addcmul(squares, averages, averages, -1.0)
            torch._foreach_add_(magnitudes, epsilon)
            torch._foreach_sqrt_(magnitudes)
        elif momentum or self.has_epsilon_inside:
            magnitudes = torch._foreach_add(squares, epsilon)
            torch._foreach_sqrt_(magnitudes)
        else:
            magnitudes = torch._foreach_sqrt(squares)
            torch._foreach_add_(magnitudes, epsilon)
        if not momentum:
            torch._foreach_addcdiv_(parameters, gradients, magnitudes, -rate)
            return
        velocities = others[0]
        torch._foreach_mul_(velocities, momentum)
        torch._foreach_addcdiv_(velocities, gradients, magnitudes, rate)
        torch._foreach_sub_(parameters, velocities)
