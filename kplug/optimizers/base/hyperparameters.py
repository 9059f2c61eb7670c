"""Checks of hyperparameters, and attributes that are stored in parameter groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, overload

import torch

from kplug.backend import epsilon as default_epsilon
from kplug.components.arguments import require_integer, require_number, require_share
from kplug.components.configurable import declared_name

Check: TypeAlias = Callable[[str, str, object], Any]


def require_beta(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a bias-corrected moving average: 1 would divide by zero."""
    return require_number(owner, argument, value, "a number in [0, 1)", at_least=0.0, below=1.0)


def require_open_beta(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of an average that the rule divides by, or that must not vanish."""
    return require_number(owner, argument, value, "a number in (0, 1)", above=0.0, below=1.0)


def require_rho(owner: str, argument: str, value: object) -> float:
    """Return the decay rate of a moving average without bias correction."""
    return require_share(owner, argument, value)


def require_epsilon(owner: str, argument: str, value: object) -> float:
    """Return the fuzz factor; ``None`` is the current value of ``K.epsilon()``."""
    given = default_epsilon() if value is None else value
    allowed = "a finite number >= 0, or None for K.epsilon()"
    return require_number(owner, argument, given, allowed, at_least=0.0)


def require_count(owner: str, argument: str, value: object) -> int:
    """Return an integer >= 0."""
    return require_integer(owner, argument, value, "an integer >= 0", at_least=0)


def require_power(owner: str, argument: str, value: object) -> float:
    """Return an exponent that must not grow with the step."""
    return require_number(owner, argument, value, "a finite number <= 0", at_most=0.0)


class GroupSetting:
    """An attribute that reads the first parameter group and writes all of them.

    Args:
        key: Its key in the parameter group.
        check: Validates a new value, and returns the stored form.
        index: Position inside the group's tuple, for ``betas``.
        is_fixed: Whether it cannot be set after construction.
    """

    def __init__(
        self, key: str, check: Check, index: int | None = None, *, is_fixed: bool = False
    ) -> None:
        self.key, self.check, self.index, self.is_fixed = key, check, index, is_fixed

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
        if self.is_fixed:
            raise AttributeError(f"{owner}: {self.name!r} cannot change once the optimizer is made")
        checked = self.check(owner, self.name, value)
        for group in instance.param_groups:
            self.put(group, checked)

    def put(self, group: dict[str, Any], value: object) -> None:
        """Write a checked value into a parameter group."""
        if self.index is None:
            group[self.key] = value
        else:
            pair = list(group.get(self.key, (None, None)))
            pair[self.index] = value
            group[self.key] = tuple(pair)


# Settings that several rules share.
BETA_1 = GroupSetting("betas", require_beta, index=0)
BETA_2 = GroupSetting("betas", require_beta, index=1)
EPSILON = GroupSetting("eps", require_epsilon)
