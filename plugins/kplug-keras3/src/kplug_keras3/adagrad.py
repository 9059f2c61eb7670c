"""Adagrad with ε inside the root and a positive initial accumulator."""

from __future__ import annotations

from typing import Any

from typing_extensions import Unpack

from kplug import keras_class, optimizers
from kplug.components.configurable import declared_name
from kplug.components.types import ScheduleLike
from kplug.optimizers import CommonArguments, require_epsilon, require_nonnegative, takes_common


@keras_class("keras.optimizers.Adagrad")
class Adagrad(optimizers.Adagrad):
    """Steps that shrink for each weight with the sum of its squared gradients.

    a ← a + g², from a = a₀, and p ← p − lr·g / √(a + ε).

    Args:
        initial_accumulator_value: a₀ >= 0.

    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> adagrad = Adagrad(lr=0.5, initial_accumulator_value=8.0, epsilon=1.0).build([weight])
        >>> weight.grad = torch.tensor([4.0])
        >>> adagrad.step()
        >>> round(weight.item(), 4)
        0.6

    Reference:
        Duchi, Hazan and Singer, Adaptive Subgradient Methods, 2011; ``keras.optimizers.Adagrad`` of
        Keras 3. The stored sum is a + ε, with which torch's fused kernel computes this rule.
        ``kplug/adagrad``, as Keras 2, starts at 0 and has ε outside the root.
    """

    @takes_common
    def __init__(
        self,
        lr: ScheduleLike = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **common: Unpack[CommonArguments],
    ) -> None:
        owner = declared_name(type(self))
        start = require_nonnegative(owner, "initial_accumulator_value", initial_accumulator_value)
        inside = require_epsilon(owner, "epsilon", epsilon)
        super().__init__(lr, epsilon=0.0, initial_accumulator_value=start + inside, **common)
        self._rule = {"initial_accumulator_value": start, "epsilon": inside}

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, not the values stored for torch's kernel."""
        return {**super().get_config(), **self._rule}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_rule": self._rule}
