"""Expressions of weights, such as ``tau * w + (1 - tau) * v``, reevaluated at each update.

Keras 2 computes them anew in each run, torch at once. What torch has noted for derivatives tells how to do it
again, where the value is a sum of weights times numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from kplug.errors import KplugError

Terms: TypeAlias = "list[tuple[Tensor, Tensor]]"


class WeightExpressions:
    """Values of updates, each computed from the weights as they are now.

    Example:
        >>> weight = torch.ones(2, requires_grad=True)
        >>> value, expressions = 0.5 * weight, WeightExpressions()
        >>> _ = weight.data.mul_(4)
        >>> expressions.compute(value).tolist()
        [2.0, 2.0]
    """

    def __init__(self) -> None:
        # With the values themselves, so that no other tensor gets their ids.
        self._known: dict[int, tuple[Tensor, Terms]] = {}

    def compute(self, value: Any) -> Any:
        """Return a value as it is now: computed again if it was computed from weights.

        Raises:
            KplugError: It is no sum of weights times numbers.
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
    """Refuse what is no sum, product or quotient; the number of its inputs with weights tells them apart."""
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
