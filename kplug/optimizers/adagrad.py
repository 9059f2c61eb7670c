"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from typing_extensions import Unpack

from kplug.optimizers.arguments import DefaultRate, require_epsilon, require_nonnegative
from kplug.optimizers.base import Optimizer
from kplug.optimizers.common import CommonArguments, takes_common
from kplug.optimizers.kernels import get_unhooked_step
from kplug.optimizers.settings import GroupSetting

LEARNING_RATE = DefaultRate(0.01)


class Adagrad(Optimizer, torch.optim.Adagrad):
    """Steps that shrink for each weight with the sum of its squared gradients.

    a ← a + g², from a = a₀, and p ← p − lr_t·g / (√a + ε); lr_t = lr / (1 + decay · i).

    Args:
        lr: Learning rate, a number >= 0 or a schedule.
        epsilon: ε >= 0; None is ``K.epsilon()``.
        decay: Decrease of the learning rate per step, >= 0.
        initial_accumulator_value: a₀ >= 0, where the sums start.
        common: The keywords of every optimizer, see ``CommonArguments``.

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
        and ε stands outside the root; Keras 3 starts at 0.1 and has ε inside:
        that is ``kplug-keras3/adagrad``.
    """

    fused_devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    epsilon = GroupSetting("eps", require_epsilon)
    _torch_step = get_unhooked_step(torch.optim.Adagrad)

    @takes_common
    def __init__(
        self,
        lr: object = LEARNING_RATE,
        epsilon: float | None = None,
        decay: float = 0.0,
        *,
        initial_accumulator_value: float = 0.0,
        **common: Unpack[CommonArguments],
    ) -> None:
        owner = self._owner()
        shared = self._check_shared(lr, common)
        epsilon = require_epsilon(owner, "epsilon", epsilon)
        start = require_nonnegative(owner, "initial_accumulator_value", initial_accumulator_value)
        decay = require_nonnegative(owner, "decay", decay)
        # torch's own lr_decay counts the steps of each parameter; Keras counts those of the optimizer.
        torch.optim.Adagrad.__init__(
            self,
            [{"params": []}],
            lr=shared.rate,
            eps=epsilon,
            initial_accumulator_value=start,
        )
        self._configure(shared, decay=decay)

    def _get_rule_config(self) -> dict[str, Any]:
        config = {"epsilon": self.epsilon, "decay": self.decay}
        start = self.param_groups[0]["initial_accumulator_value"]
        return {**config, "initial_accumulator_value": start} if start else config

    def _start_state(self, group: dict[str, Any]) -> None:
        # torch makes this state in its constructor, where our parameters are not known yet.
        for parameter in group["params"]:
            state = self.state[parameter]
            if "sum" not in state:
                device = parameter.device if group["fused"] else torch.device("cpu")
                state["step"] = torch.zeros((), dtype=torch.float32, device=device)
                state["sum"] = torch.full_like(
                    parameter,
                    group["initial_accumulator_value"],
                    memory_format=torch.preserve_format,
                )

    def _update(self, iteration: int) -> None:  # noqa: ARG002 - the rule does not depend on it
        self._torch_step()
