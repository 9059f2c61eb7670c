"""Lion: sign-based steps from momentum and gradient."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.components.types import ScheduleLike
from kplug.optimizers.base.common_arguments import CommonArguments, takes_common
from kplug.optimizers.base.hyperparameters import GroupSetting, require_beta, require_open_beta
from kplug.optimizers.base.rule import RuleOptimizer, Tensors
from kplug.registry import Range, search_ranges


@search_ranges(lr=Range(1e-6, 0.01, log=True), weight_decay=Range(1e-3, 1.0, log=True))
class Lion(RuleOptimizer):
    """The sign of an interpolation between momentum and gradient.

    p ← p − lr · sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g.

    Args:
        lr: Learning rate, a number >= 0 or a schedule; 3 to 10 times smaller than Adam's.
        beta_1: β₁, in (0, 1); at 0 the momentum would have no effect.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
        >>> lion = Lion(lr=0.25).build([weight])
        >>> weight.grad = torch.tensor([4.0, -0.001])
        >>> lion.step()
        >>> weight.tolist()
        [0.75, 1.25]

    Reference:
        Chen et al., Symbolic Discovery of Optimization Algorithms, 2023; ``keras.optimizers.Lion``.
        torch has none.
    """

    state_blocks = (("exp_avg",),)
    is_elementwise = True

    slots: ClassVar[tuple[str, ...]] = ("exp_avg",)
    beta_1 = GroupSetting("betas", require_open_beta, index=0)
    beta_2 = GroupSetting("betas", require_beta, index=1)

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **common: Unpack[CommonArguments],
    ) -> None:
        self._start(lr, common, beta_1=beta_1, beta_2=beta_2)

    def _plan(self, group: dict[str, Any], step: int) -> Any:  # noqa: ARG002 - the same every step
        return (-group["lr"], *group["betas"])

    def _move(self, plan: Any, parameters: Tensors, gradients: Tensors, *state: Tensors) -> None:
        (rate, beta_1, beta_2), (averages,) = plan, state
        # Not lerp: it rounds differently, and near zero the sign would differ from Keras's.
        directions = torch._foreach_mul(averages, beta_1)
        torch._foreach_add_(directions, gradients, alpha=1.0 - beta_1)
        torch._foreach_sign_(directions)
        torch._foreach_add_(parameters, directions, alpha=rate)
        torch._foreach_mul_(averages, beta_2)
        torch._foreach_add_(averages, gradients, alpha=1.0 - beta_2)
