"""Expressions of weights, such as ``tau * w + (1 - tau) * v``, reevaluated at each update.

Keras 2 reevaluates them in each run, torch evaluates them once. The autograd graph gives the expression to
reevaluate, if it is a linear combination of weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from kplug.errors import KplugError

Terms: TypeAlias = "list[tuple[Tensor, Tensor]]"


class WeightExpressions:
    """Values of updates, reevaluated from the current weights.

    Example:
        >>> weight = torch.ones(2, requires_grad=True)
        >>> value, expressions = 0.5 * weight, WeightExpressions()
        >>> _ = weight.data.mul_(4)
        >>> expressions.compute(value).tolist()
        [2.0, 2.0]
    """

    def __init__(self) -> None:
        # Keep the values themselves, so that their ids are not reused.
        self._known: dict[int, tuple[Tensor, Terms]] = {}

    def compute(self, value: Any) -> Any:
        """Return the current value, reevaluated if it depends on weights.

        Raises:
            KplugError: It is no linear combination of weights.
        """
        if not isinstance(value, Tensor) or value.grad_fn is None:
            return value
        if id(value) not in self._known:
            self._known[id(value)] = value, _find_terms(value)
        with torch.no_grad():
            parts = [factor * weight for factor, weight in self._known[id(value)][1]]
            return sum(parts[1:], parts[0])


def _find_terms(value: Tensor) -> Terms:
    weights: dict[int, Tensor] = {}
    pending: list[Any] = [value.grad_fn]
    while pending:
        node = pending.pop()
        if hasattr(node, "variable"):
            weights[id(node.variable)] = node.variable
            continue
        inputs = [one for one, _ in node.next_functions if one is not None]
        _require_linear(type(node).__name__, inputs)
        pending += inputs
    if any(weight.shape != value.shape for weight in weights.values()):
        raise _refuse("has another shape than a weight in it")
    several = list(weights.values())
    factors = torch.autograd.grad(value, several, torch.ones_like(value), retain_graph=True)
    return list(zip(factors, several, strict=True))


def _require_linear(name: str, inputs: Sequence[Any]) -> None:
    """Refuse operations other than sums, products and quotients."""
    allowed = {"AddBackward0": 2, "SubBackward0": 2, "MulBackward0": 1, "DivBackward0": 1}
    if allowed.get(name, 0) != len(inputs):
        raise _refuse(f"has {name.removesuffix('0').removesuffix('Backward')} in it")


def _refuse(reason: str) -> KplugError:
    return KplugError(
        f"an update's value was computed from weights before the first step, and {reason}: it would stay "
        "what it was",
        hint="Compute it in get_updates, which is called in every step, or in a callback. Sums of weights "
        "times numbers, as tau * w + (1 - tau) * v, are computed again in each step.",
    )
