"""Norm penalties on weights: L1, L2 and both."""

from __future__ import annotations

from typing import Any, final

from torch import Tensor

from kplug.backend.convert import TensorLike, to_operand_of
from kplug.components.arguments import require_number
from kplug.components.configurable import declared_name
from kplug.errors import ArgumentError
from kplug.registry import Range, search_ranges
from kplug.regularizers.base import Regularizer

_FACTOR = "a finite number >= 0"
_DEFAULT = 0.01


@final
@search_ranges(l1=Range(1e-6, 0.1, log=True))
class L1(Regularizer):
    """Sum of absolute values: ``l1 · Σ|w|``. Drives weights to exactly zero.

    Args:
        l1: Factor, >= 0.
        l: Keras 2's name of ``l1``.

    Raises:
        ArgumentError: if both names are given.

    Example:
        >>> import torch
        >>> L1(0.5)(torch.tensor([[1.0, -2.0]]))
        tensor(1.5000)

    Reference:
        Keras's ``l1``: a sum over all elements, not a mean.
    """

    def __init__(self, l1: float = _DEFAULT, *, l: float | None = None) -> None:  # noqa: E741
        self.l1 = _read_factor(self, "l1", l1, l)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the penalty, a scalar."""
        weight = to_operand_of(self, weight_matrix)
        return self.l1 * weight.abs().sum()

    def get_config(self) -> dict[str, Any]:
        """Return the factor."""
        return {"l1": self.l1}


@final
@search_ranges(l2=Range(1e-6, 0.1, log=True))
class L2(Regularizer):
    """Sum of squares: ``l2 · Σw²``. Keeps weights small.

    Args:
        l2: Factor, >= 0.
        l: Keras 2's name of ``l2``.

    Raises:
        ArgumentError: if both names are given.

    Example:
        >>> import torch
        >>> L2(0.5)(torch.tensor([[1.0, -2.0]]))
        tensor(2.5000)

    Reference:
        Keras's ``l2``: a sum without the ½ of many textbooks. Not the same as an optimizer's
        decoupled ``weight_decay``: the gradient ``2·l2·w`` goes through Adam's moments.
    """

    def __init__(self, l2: float = _DEFAULT, *, l: float | None = None) -> None:  # noqa: E741
        self.l2 = _read_factor(self, "l2", l2, l)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the penalty, a scalar."""
        weight = to_operand_of(self, weight_matrix)
        return self.l2 * weight.square().sum()

    def get_config(self) -> dict[str, Any]:
        """Return the factor."""
        return {"l2": self.l2}


@final
@search_ranges(l1=Range(1e-6, 0.1, log=True), l2=Range(1e-6, 0.1, log=True))
class L1L2(Regularizer):
    """Both penalties: ``l1 · Σ|w| + l2 · Σw²``.

    Args:
        l1: Factor of the absolute values, >= 0.
        l2: Factor of the squares, >= 0.

    Example:
        >>> import torch
        >>> L1L2(l1=1.0, l2=0.5)(torch.tensor([[1.0, -2.0]]))
        tensor(5.5000)

    Reference:
        Zou & Hastie, 2005, "Regularization and variable selection via the elastic net". Keras 2's
        ``l1_l2()`` has factors 0.01 and 0.01, its class ``L1L2()`` has 0 and 0, a penalty without
        effect; here both names mean one component, with 0.01 and 0.01.
    """

    def __init__(self, l1: float = _DEFAULT, l2: float = _DEFAULT) -> None:
        self.l1 = require_number(self, "l1", l1, _FACTOR, at_least=0.0)
        self.l2 = require_number(self, "l2", l2, _FACTOR, at_least=0.0)

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the penalty, a scalar."""
        weight = to_operand_of(self, weight_matrix)
        # Skip factors of zero, since an infinite weight times zero would be NaN.
        penalty = weight.new_zeros(())
        if self.l1:
            penalty = penalty + self.l1 * weight.abs().sum()
        if self.l2:
            penalty = penalty + self.l2 * weight.square().sum()
        return penalty


def _read_factor(owner: Regularizer, name: str, value: float, short: float | None) -> float:
    if short is None:
        return require_number(owner, name, value, _FACTOR, at_least=0.0)
    if value != _DEFAULT:
        raise ArgumentError(
            f"{declared_name(type(owner))}: {name!r} and 'l' are the same argument, and both are "
            f"given ({value!r} and {short!r})",
            hint=f"Leave 'l' out: {declared_name(type(owner))}({name}={value!r})",
        )
    return require_number(owner, "l", short, _FACTOR, at_least=0.0)
