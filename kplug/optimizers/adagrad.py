"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from kplug.optimizers.arguments import DefaultRate, check_epsilon, check_nonnegative
from kplug.optimizers.base import Optimizer
from kplug.optimizers.clipping import Clipping
from kplug.optimizers.kernels import get_unhooked_step
from kplug.optimizers.settings import GroupSetting

LEARNING_RATE = DefaultRate(0.01)


class Adagrad(Optimizer, torch.optim.Adagrad):
    """Steps that shrink for each weight with the sum of its squared gradients.

    a ← a + g², from a = 0, and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).

    Args:
        lr: Learning rate, a number >= 0 or a schedule.
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
        >>> adagrad = Adagrad(lr=0.5).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adagrad.step()
        >>> round(weight.item(), 4)
        0.5

    Reference:
        Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011. As in Keras 2, the sum starts at 0
        and ε stands outside the root; Keras 3 starts at 0.1 and has ε inside.
    """

    fused_devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    epsilon = GroupSetting("eps", check_epsilon)
    _torch_step = get_unhooked_step(torch.optim.Adagrad)

    def __init__(
        self,
        lr: object = LEARNING_RATE,
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
        epsilon = check_epsilon(owner, "epsilon", epsilon)
        decay = check_nonnegative(owner, "decay", decay)
        clipping = Clipping.from_arguments(
            owner, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm
        )
        # torch's own lr_decay counts the steps of each parameter; Keras counts those of the optimizer.
        torch.optim.Adagrad.__init__(self, [{"params": []}], lr=rate, eps=epsilon)
        self._configure(schedule, clipping, decay)

    def _get_rule_config(self) -> dict[str, Any]:
        return {"epsilon": self.epsilon, "decay": self.decay}

    def _start_state(self, group: dict[str, Any]) -> None:
        # torch makes this state in its constructor, where our parameters are not known yet.
        for parameter in group["params"]:
            state = self.state[parameter]
            if not state:
                device = parameter.device if group["fused"] else torch.device("cpu")
                state["step"] = torch.zeros((), dtype=torch.float32, device=device)
                state["sum"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        self._torch_step()
