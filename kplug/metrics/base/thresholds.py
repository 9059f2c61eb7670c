"""Thresholds, and the weighted outcomes of binary predictions at each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import is_number, refusal, require_integer

_FEW = 4
_ALLOWED = "a number in [0, 1], or a list of such numbers"

# A configuration in a file may contain any number, for which memory is allocated.
_MOST = 1_000_000


def require_count(
    owner: object, argument: str, value: object, least: int, most: int = _MOST
) -> int:
    """Return the number of thresholds, labels or classes of a metric's state.

    Raises:
        ArgumentValueError: It is no integer, too small, or implausibly large.
    """
    count = require_integer(owner, argument, value, f"an integer >= {least}", at_least=least)
    if count > most:
        raise refusal(owner, argument, value, f"an integer from {least} to {most:,}")
    return count


class Outcomes(NamedTuple):
    """Weights of the four outcomes at each of T thresholds, shape (T,), or (T, L) for L labels."""

    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor


class Thresholds:
    """Thresholds t above which a score is a positive prediction: ŷ > t.

    Args:
        values: The thresholds, in any order.
        is_even: Whether they are i / (T − 1), up to ``epsilon()`` at the two ends. The threshold that a
            score exceeds is then computed instead of searched.

    Example:
        >>> scores, labels = torch.tensor([[0.2], [0.6], [0.9]]), torch.tensor([[0], [1], [0]])
        >>> found = Thresholds([0.5, 0.8]).count(labels.bool(), scores)
        >>> found.true_positives.flatten().tolist(), found.false_positives.flatten().tolist()
        ([1.0, 0.0], [1.0, 1.0])
    """

    def __init__(self, values: Sequence[float], is_even: bool | None = None) -> None:
        self.values = list(values)
        self.is_even = _is_even(self.values) if is_even is None else is_even
        self._lowest = min(int(self.values[0] < 0.0), 1) if self.is_even else 0
        order = sorted(range(len(self.values)), key=self.values.__getitem__)
        self._ranks = None
        if order != list(range(len(order))):
            self._ranks = [order.index(place) for place in range(len(order))]
        self._edges: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    def count(self, is_positive: Tensor, scores: Tensor, weights: Tensor | None = None) -> Outcomes:
        """Return the weights of the outcomes, without synchronizing with the device.

        Args:
            is_positive: The labels, booleans of shape (M, L).
            scores: The scores, shape (M, L). NaN is below every threshold.
            weights: None or a weight for each score, shape (M, L).
        """
        kind = torch.float32 if scores.device.type == "mps" else torch.float64
        if len(self) <= _FEW and not self.is_even:
            return self._count_each(is_positive, scores, weights, kind)
        weight = torch.ones_like(scores, dtype=kind) if weights is None else weights.to(kind)
        both = torch.stack((weight * is_positive, weight * ~is_positive))
        buckets = self._count_exceeded(scores).expand_as(both)
        shape = (2, len(self) + 1, scores.shape[1])
        histogram = torch.zeros(shape, dtype=kind, device=scores.device)
        histogram.scatter_add_(1, buckets, both)
        # Cumulative sums from both ends: a difference from the total would leave rounding errors in
        # place of zeros.
        yes = histogram.flip(1).cumsum(1).flip(1)[:, 1:]
        no = histogram.cumsum(1)[:, :-1]
        if self._ranks is not None:
            yes, no = yes[:, self._ranks], no[:, self._ranks]
        return Outcomes(yes[0], yes[1], no[1], no[0])

    def _count_each(
        self, is_positive: Tensor, scores: Tensor, weights: Tensor | None, kind: torch.dtype
    ) -> Outcomes:
        """Compare with each threshold: faster than bucketing the scores if thresholds are few."""
        yes = torch.stack([scores > edge for edge in self.values])
        outcomes = (is_positive & yes, ~is_positive & yes, ~(is_positive | yes), is_positive & ~yes)
        if weights is None:
            return Outcomes(*(outcome.sum(1).to(kind) for outcome in outcomes))
        weight = weights.to(kind)
        return Outcomes(*((weight * outcome).sum(1) for outcome in outcomes))

    def _count_exceeded(self, scores: Tensor) -> Tensor:
        """Return the number of thresholds that each score exceeds."""
        known = torch.nan_to_num(scores, nan=-math.inf, posinf=math.inf, neginf=-math.inf)
        if self.is_even:
            steps = (known.clamp(0.0, 1.0) * (len(self) - 1)).ceil()
            return steps.long().clamp(min=self._lowest)
        return torch.searchsorted(self._edges_like(scores), known.contiguous())

    def _edges_like(self, scores: Tensor) -> Tensor:
        edges = self._edges
        if edges is None or edges.device != scores.device or edges.dtype is not scores.dtype:
            edges = torch.tensor(sorted(self.values), dtype=scores.dtype, device=scores.device)
            self._edges = edges
        return edges


def read_thresholds(owner: object, given: Any, default: float) -> list[float]:
    """Return a number or an iterable of numbers as a list.

    Raises:
        ArgumentValueError: if one is no number in [0, 1], or there is none.
    """
    if given is None:
        return [default]
    values = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    numbers = [float(value) if is_number(value) else math.nan for value in values]
    if not numbers or not all(0.0 <= number <= 1.0 for number in numbers):
        raise refusal(owner, "thresholds", given, _ALLOWED)
    return numbers


def spread_thresholds(count: int) -> list[float]:
    """Return ``count`` thresholds at equal distances, from 0 to 1; 0.5 if there is one."""
    return [0.5] if count == 1 else [step / (count - 1) for step in range(count)]


def divide(total: Tensor, divisor: Tensor) -> Tensor:
    """Return total / divisor, and 0 where the divisor is 0."""
    is_zero = divisor == 0
    return torch.where(is_zero, 0.0, total / torch.where(is_zero, 1.0, divisor))


def ratio(part: Tensor, rest: Tensor) -> Tensor:
    """Return part / (part + rest), and 0 where both are 0."""
    return divide(part, part + rest)


def _is_even(values: Sequence[float]) -> bool:
    if len(values) < 3:
        return False
    tolerance = epsilon()
    return all(
        abs(have - want) <= tolerance + 1e-5 * want
        for have, want in zip(values, spread_thresholds(len(values)), strict=True)
    )
