"""Nadam: Adam with Nesterov momentum."""

from __future__ import annotations

import math
from typing import Any

import torch

from kplug.optimizers.arguments import DefaultRate, check_beta, check_epsilon, check_nonnegative
from kplug.optimizers.base import Optimizer
from kplug.optimizers.clipping import Clipping
from kplug.optimizers.settings import GroupSetting

LEARNING_RATE = DefaultRate(0.002)


class Nadam(Optimizer):
    """Adam whose momentum looks one step ahead, with a momentum that warms up.

    μ_t = β₁·(1 − ½·0.96^(t·s)); Π = μ₁·…·μ_t; m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
    m̄ = (1 − μ_t)·g / (1 − Π) + μ_{t+1}·m / (1 − Π·μ_{t+1}); p ← p − lr·m̄ / (√(v / (1 − β₂ᵗ)) + ε)
    at step t = 1, 2, …

    Args:
        lr: Learning rate, a number >= 0 or a schedule.
        beta_1: β₁, in [0, 1).
        beta_2: β₂, in [0, 1).
        epsilon: ε >= 0; None is ``K.epsilon()``.
        schedule_decay: s >= 0, how fast the momentum reaches β₁.
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
        >>> nadam = Nadam(lr=0.1).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> nadam.step()
        >>> round(weight.item(), 4)
        0.8944

    Reference:
        Dozat, Incorporating Nesterov Momentum into Adam, 2015. s is Keras 2's 0.004; Keras 3 has 1.
        ``torch.optim.NAdam`` keeps Π in float32; here it is a double.
    """

    beta_1 = GroupSetting("betas", check_beta, index=0)
    beta_2 = GroupSetting("betas", check_beta, index=1)
    epsilon = GroupSetting("eps", check_epsilon)
    schedule_decay = GroupSetting("schedule_decay", check_nonnegative)

    def __init__(
        self,
        lr: object = LEARNING_RATE,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = None,
        schedule_decay: float = 0.004,
        *,
        learning_rate: object = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
    ) -> None:
        owner = self._owner()
        rate, schedule = self._resolve_rate(lr, learning_rate)
        settings = {
            "lr": rate,
            "betas": (check_beta(owner, "beta_1", beta_1), check_beta(owner, "beta_2", beta_2)),
            "eps": check_epsilon(owner, "epsilon", epsilon),
            "schedule_decay": check_nonnegative(owner, "schedule_decay", schedule_decay),
            "momentum_product": 1.0,
        }
        clipping = Clipping.from_arguments(
            owner, clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm
        )
        torch.optim.Optimizer.__init__(self, [{"params": []}], settings)
        self._configure(schedule, clipping, decay=0.0)

    def _get_rule_config(self) -> dict[str, Any]:
        return {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "schedule_decay": self.schedule_decay,
        }

    @torch.no_grad()
    def _update(self, iteration: int) -> None:
        for group in self.param_groups:
            self._update_group(group, iteration + 1)

    def _update_group(self, group: dict[str, Any], step: int) -> None:
        beta_1, beta_2 = group["betas"]
        momentum = beta_1 * (1.0 - 0.5 * 0.96 ** (step * group["schedule_decay"]))
        next_momentum = beta_1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["schedule_decay"]))
        product = group["momentum_product"] = group["momentum_product"] * momentum
        parameters = [p for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        gradients = [p.grad for p in parameters]
        averages, squares = self._get_averages(parameters)
        torch._foreach_lerp_(averages, gradients, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - beta_2)
        denominators = torch._foreach_sqrt(squares)
        torch._foreach_div_(denominators, math.sqrt(1.0 - beta_2**step))
        torch._foreach_add_(denominators, group["eps"])
        rate = float(group["lr"])
        torch._foreach_addcdiv_(
            parameters, gradients, denominators, -rate * (1.0 - momentum) / (1.0 - product)
        )
        torch._foreach_addcdiv_(
            parameters,
            averages,
            denominators,
            -rate * next_momentum / (1.0 - product * next_momentum),
        )

    def _get_averages(
        self, parameters: list[torch.Tensor]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        states = [self.state[parameter] for parameter in parameters]
        for parameter, state in zip(parameters, states, strict=True):
            if not state:
                for name in ("exp_avg", "exp_avg_sq"):
                    state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        return [s["exp_avg"] for s in states], [s["exp_avg_sq"] for s in states]
