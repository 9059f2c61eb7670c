"""Schedules as schedulers of torch, which a loop steps after each batch or each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from kplug.errors import ContractError


class RateScheduler(LRScheduler):
    """Sets the learning rates of an optimizer to those of a schedule, one further at each ``step()``.

    The first parameter group gets the schedule's rate. The others keep their proportion to it.

    Args:
        optimizer: The optimizer, with a number as its learning rate.
        schedule: A function of the number of steps, from 0.
        last_epoch: The number of the last step; -1 starts anew.

    Raises:
        ContractError: If the optimizer follows a schedule of its own, or its first rate is 0 and another one
            is not.

    Example:
        >>> from kplug.schedules import ExponentialDecay
        >>> weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
        >>> groups = [{"params": weights[:1]}, {"params": weights[1:], "lr": 0.05}]
        >>> optimizer = torch.optim.SGD(groups, lr=0.1)
        >>> scheduler = RateScheduler(optimizer, ExponentialDecay(0.1, 1, 0.5))
        >>> optimizer.step(), scheduler.step()
        (None, None)
        >>> scheduler.get_last_lr()
        [0.05, 0.025]

    Reference:
        ``torch.optim.lr_scheduler.LambdaLR``, whose function returns a factor.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        schedule: Callable[[int], float],
        last_epoch: int = -1,
    ) -> None:
        if getattr(optimizer, "follows_schedule", False):
            raise ContractError(
                f"{type(optimizer).__name__} follows a schedule already, which sets its rate at each step",
                hint="Make it with a number as lr, or leave the scheduler out.",
            )
        rates = [float(each.get("initial_lr", each["lr"])) for each in optimizer.param_groups]
        if not rates[0] and any(rates):
            raise ContractError(
                f"the rates {rates} have no proportion to the first one, 0",
                hint="Make the optimizer with the largest rate of the schedule.",
            )
        self.schedule = schedule
        self.shares = [each / rates[0] if rates[0] else 1.0 for each in rates]
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | torch.Tensor]:
        """Return the rate of each parameter group."""
        rate = float(self.schedule(self.last_epoch))
        return [rate * share for share in self.shares]

    def state_dict(self) -> dict[str, Any]:
        """Return the number of steps and the last rates; the schedule is not among them."""
        return {key: value for key, value in super().state_dict().items() if key != "schedule"}
