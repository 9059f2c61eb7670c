"""The learning rate and the step counter of an optimizer, as attributes."""

from __future__ import annotations

from typing import cast

import torch

from kplug.arguments import is_number
from kplug.configurable import declared_name
from kplug.errors import ContractError
from kplug.optimizers.base.group_settings import GroupSetting, LearningRate
from kplug.optimizers.base.hyperparameters import (
    Schedule,
    choose_rate,
    require_nonnegative,
    require_rate,
)
from kplug.registry import resolve_object


class Rated(torch.optim.Optimizer):
    """The part of ``kplug.optimizers.Optimizer`` that answers for the rate.

    Attributes:
        lr: The learning rate before ``decay``; setting it reaches every parameter group.
        learning_rate: The same.
        decay: lr of step i (from 0) is lr / (1 + decay · i).
        iterations: How many updates were made: of steps that accumulate gradients, every k-th.
    """

    decay = GroupSetting("decay", require_nonnegative)
    _schedule: Schedule | None = None
    _steps_per_update: int = 1

    @classmethod
    def _owner(cls) -> str:
        return declared_name(cls)

    @classmethod
    def _resolve_rate(cls, lr: object, learning_rate: object) -> tuple[float, Schedule | None]:
        """Return the first learning rate, and the schedule that gives the later ones."""
        spelling, rate = choose_rate(cls._owner(), lr, learning_rate)
        if rate is None or isinstance(rate, bool) or is_number(rate):
            return require_rate(cls._owner(), spelling, rate), None
        schedule = cast("Schedule", resolve_object("schedule", rate))
        return require_rate(cls._owner(), spelling, schedule(0)), schedule

    @property
    def lr(self) -> float:
        """The learning rate before ``decay``; with a schedule, its value at the next step."""
        if self._schedule is not None:
            return LearningRate(self._schedule(self.param_groups[0]["iterations"]), self)
        return LearningRate(self.param_groups[0]["lr"], self)

    @lr.setter
    def lr(self, value: object) -> None:
        if not is_number(value):
            rate, schedule = self._resolve_rate(value, None)
            self._schedule = schedule
        elif self._schedule is None:
            rate = require_rate(self._owner(), "lr", value)
        else:
            raise ContractError(
                f"{self._owner()}: the learning rate follows the schedule "
                f"{type(self._schedule).__name__} and cannot be set to a number",
                hint="Make the optimizer with a number as lr, or set another schedule.",
            )
        for group in self.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)  # a compiled step holds on to this tensor
            else:
                group["lr"] = rate

    @property
    def learning_rate(self) -> float:
        """The same as ``lr``."""
        return self.lr

    @learning_rate.setter
    def learning_rate(self, value: object) -> None:
        self.lr = value

    @property
    def iterations(self) -> int:
        """How many updates were made."""
        return cast("int", self.param_groups[0]["iterations"]) // self._steps_per_update

    @iterations.setter
    def iterations(self, value: int) -> None:
        updates = int(require_nonnegative(self._owner(), "iterations", value))
        self.param_groups[0]["iterations"] = updates * self._steps_per_update
