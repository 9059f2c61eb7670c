"""RMSprop."""

from __future__ import annotations

from typing import Any

import torch

from kplug.optimizers.arguments import DefaultRate, check_epsilon, check_nonnegative, check_rho
from kplug.optimizers.base import Optimizer
from kplug.optimizers.clipping import Clipping
from kplug.optimizers.kernels import get_unhooked_step
from kplug.optimizers.settings import GroupSetting

LEARNING_RATE = DefaultRate(0.001)


class RMSprop(Optimizer, torch.optim.RMSprop):
    """Steps divided by a running average of the gradient's magnitude.

    a ← ρ·a + (1 − ρ)·g² and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).

    Args:
        lr: Learning rate, a number >= 0 or a schedule.
        rho: ρ, in [0, 1].
        epsilon: ε >= 0; None is ``K.epsilon()``.
        decay: Decrease of the learning rate per step, >= 0.
        learning_rate: The other spelling of ``lr``.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest magnitude of each gradient element.
        global_clipnorm: Largest norm of all gradients together.

    Raises:
        ArgumentValueError: If a number is outside its range.
        ArgumentError: If both spellings of the rate, or two ways of clipping, are given.

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

    rho = GroupSetting("alpha", check_rho)
    epsilon = GroupSetting("eps", check_epsilon)
    _torch_step = get_unhooked_step(torch.optim.RMSprop)

    def __init__(
        self,
        lr: object = LEARNING_RATE,
        rho: float = 0.9,
        epsilon: float | None = None,
        decay: float = 0.0,
        *,
        learning_rate: object = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        owner = self._owner()
        rate, schedule = self._resolve_rate(lr, learning_rate)
        rho = check_rho(owner, "rho", rho)
        epsilon = check_epsilon(owner, "epsilon", epsilon)
        decay = check_nonnegative(owner, "decay", decay)
        clipping = Clipping.from_arguments(
            owner, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm
        )
        torch.optim.RMSprop.__init__(self, [{"params": []}], lr=rate, alpha=rho, eps=epsilon)
        self._configure(schedule, clipping, decay)

    def _get_rule_config(self) -> dict[str, Any]:
        return {"rho": self.rho, "epsilon": self.epsilon, "decay": self.decay}

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        self._torch_step()
