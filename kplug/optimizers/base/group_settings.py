"""Hyperparameters that live in torch's parameter groups, shown as attributes with Keras's names."""

from __future__ import annotations

from typing import Any, overload

import torch

from kplug.configurable import declared_name
from kplug.optimizers.base.hyperparameters import Check


class LearningRate(float):
    """The current learning rate: a float that remembers whose it is.

    ``K.set_value(optimizer.lr, 0.01)`` of Keras 2 reaches the optimizer through ``assign``.
    """

    _optimizer: Any

    def __new__(cls, value: float, optimizer: object) -> LearningRate:
        """Make the number and remember its owner."""
        rate = super().__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    def assign(self, value: object) -> None:
        """Set the learning rate of the optimizer that this value was read from."""
        self._optimizer.lr = value

    def __reduce__(self) -> tuple[type[float], tuple[float]]:
        # A copied or pickled number is a number: it must not drag the optimizer along.
        return float, (float(self),)


class GroupSetting:
    """An attribute that reads the first parameter group and writes all of them.

    Args:
        key: The name that the parameter group has for it.
        check: Accepts or refuses a new value, and returns it as it is kept.
        index: Position inside the group's tuple, for ``betas``.
    """

    def __init__(self, key: str, check: Check, index: int | None = None) -> None:
        self.key, self.check, self.index = key, check, index

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> GroupSetting: ...

    @overload
    def __get__(self, instance: torch.optim.Optimizer, owner: type) -> Any: ...

    def __get__(self, instance: torch.optim.Optimizer | None, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.param_groups[0][self.key]
        return value if self.index is None else value[self.index]

    def __set__(self, instance: torch.optim.Optimizer, value: object) -> None:
        owner = declared_name(type(instance))
        number = self.check(owner, self.name, value)
        for group in instance.param_groups:
            self.put(group, number)

    def put(self, group: dict[str, Any], value: object) -> None:
        """Write a checked value into a parameter group."""
        if self.index is None:
            group[self.key] = value
        else:
            pair = list(group.get(self.key, (None, None)))
            pair[self.index] = value
            group[self.key] = tuple(pair)
