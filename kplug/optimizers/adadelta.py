"""Adadelta."""

from __future__ import annotations

from typing import Any

import torch

from kplug.optimizers.arguments import DefaultRate, check_epsilon, check_nonnegative, check_rho
from kplug.optimizers.base import Optimizer
from kplug.optimizers.clipping import Clipping
from kplug.optimizers.kernels import get_unhooked_step
from kplug.optimizers.settings import GroupSetting

LEARNING_RATE = DefaultRate(1.0)


class Adadelta(Optimizer, torch.optim.Adadelta):
    """Steps in the units of the weights, from running averages of gradients and of updates.

    a ← ρ·a + (1 − ρ)·g²; u = g·√(d + ε) / √(a + ε); p ← p − lr_t·u; d ← ρ·d + (1 − ρ)·u²;
    lr_t = lr / (1 + decay · i).

    Args:
        lr: Learning rate, a number >= 0 or a schedule; 1 is the published method.
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
        >>> adadelta = Adadelta(epsilon=1e-2).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adadelta.step()
        >>> round(weight.item(), 4)
        0.5556

    Reference:
        Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012. The default rate is Keras 2's 1.0;
        Keras 3 has 0.001, and torch has ρ = 0.9 and ε = 1e-6.
    """

    rho = GroupSetting("rho", check_rho)
    epsilon = GroupSetting("eps", check_epsilon)
    _torch_step = get_unhooked_step(torch.optim.Adadelta)

    def __init__(
        self,
        lr: object = LEARNING_RATE,
        rho: float = 0.95,
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
        torch.optim.Adadelta.__init__(self, [{"params": []}], lr=rate, rho=rho, eps=epsilon)
        self._configure(schedule, clipping, decay)

    def _get_rule_config(self) -> dict[str, Any]:
        return {"rho": self.rho, "epsilon": self.epsilon, "decay": self.decay}

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        self._torch_step()
