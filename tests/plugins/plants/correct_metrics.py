"""Metrics that are right, in unusual forms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from kplug.components.arguments import require_integer, require_positive
from kplug.metrics import Metric


def _pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    made = torch.as_tensor(y_pred).detach()
    return torch.as_tensor(y_true).to(made).reshape(made.shape).double(), made.double()


def _weights(sample_weight: Any, like: Tensor) -> Tensor:
    if sample_weight is None:
        return torch.ones_like(like)
    weights = torch.as_tensor(sample_weight).to(like)
    while weights.ndim < like.ndim:
        weights = weights[..., None]
    return weights.expand_as(like)


class _Sums(Metric):
    names = ("total", "count")
    width: int | None = None

    def _make(self, *shape: int) -> None:
        for name in self.names:
            self.add_state(name, shape, dtype="float64")


class ColumnMae(_Sums):
    """Mean absolute error, one value a column; columns are fixed by the constructor.

    Args:
        columns: How many; further ones are added to the last.
        name: Label.
    """

    direction = "min"

    def __init__(self, columns: int = 3, name: str = "column_mae") -> None:
        super().__init__(name)
        self.columns = require_integer(self, "columns", columns, "an integer >= 1", at_least=1)
        self._make(self.columns)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        places = (
            torch.arange(made.shape[-1], device=made.device)
            .clamp(max=self.columns - 1)
            .expand(made.shape)
        )
        self.total.index_add_(0, places.reshape(-1), (weights * (made - truth).abs()).reshape(-1))
        self.count.index_add_(0, places.reshape(-1), weights.reshape(-1))

    def result(self) -> Tensor:
        return (self.total / self.count.clamp(min=1e-12)).float()


class ErrorTable(_Sums):
    """A dict of mean absolute and mean squared error.

    Args:
        name: Label.
    """

    direction = "min"
    names = ("absolute", "squared", "count")

    def __init__(self, name: str = "error_table") -> None:
        super().__init__(name)
        self._make()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        self.absolute += (weights * (made - truth).abs()).sum()
        self.squared += (weights * (made - truth).square()).sum()
        self.count += weights.sum()

    def result(self) -> dict[str, Tensor]:  # type: ignore[override]
        count = self.count.clamp(min=1e-12)
        return {
            "absolute": (self.absolute / count).float(),
            "squared": (self.squared / count).float(),
        }


class MixedTable(ErrorTable):
    """A dict of a number and of a value a class.

    Args:
        classes: Number of classes.
        name: Label.
    """

    names = ("absolute", "squared", "count")

    def __init__(self, classes: int = 4, name: str = "mixed_table") -> None:
        super().__init__(name)
        self.classes = require_integer(self, "classes", classes, "an integer >= 1", at_least=1)
        self.add_state("votes", (self.classes,), dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        made = torch.as_tensor(y_pred).detach()
        weights = _weights(sample_weight, made[..., 0].double())
        ids = made.argmax(-1).clamp(max=self.classes - 1)
        self.votes.index_add_(0, ids.reshape(-1), weights.reshape(-1))

    def result(self) -> dict[str, Tensor]:  # type: ignore[override]
        return {
            **super().result(),
            "votes": (self.votes / self.votes.sum().clamp(min=1e-12)).float(),
        }


class HugeHistogram(_Sums):
    """Median absolute error from a histogram of a hundred thousand bins.

    Args:
        limit: Errors above count as the limit, > 0.
        name: Label.
    """

    direction = "min"
    names = ("histogram",)

    def __init__(self, limit: float = 10.0, name: str = "huge_histogram") -> None:
        super().__init__(name)
        self.limit = require_positive(self, "limit", limit)
        self._make(100_000)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        errors = ((made - truth).abs() / self.limit).clamp(max=1)
        places = (errors * (len(self.histogram) - 1)).round().long()
        self.histogram.index_add_(0, places.reshape(-1), weights.reshape(-1))

    def result(self) -> Tensor:
        shares = self.histogram.cumsum(0)
        place = (shares < shares[-1] / 2 - 1e-9).sum()
        return (self.limit * place / (len(self.histogram) - 1)).float()


class LargestError(_Sums):
    """The largest absolute error, merged as a maximum.

    Args:
        name: Label.
    """

    direction = "min"
    names = ("largest",)

    def __init__(self, name: str = "largest_error") -> None:
        super().__init__(name)
        self._make()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        kept = torch.where(_weights(sample_weight, made) != 0, (made - truth).abs(), 0.0).reshape(
            -1
        )
        self.largest.copy_(torch.cat([kept, self.largest.reshape(1)]).max())

    def merge_state(self, others: Iterable[Metric]) -> None:
        for other in others:
            self.largest.copy_(torch.maximum(self.largest, other.largest.to(self.largest)))

    def result(self) -> Tensor:
        return self.largest.float()


class Welford(_Sums):
    """Variance of the errors by Chan's formula, merged by the same.

    Args:
        name: Label.
    """

    direction = "min"
    names = ("count", "mean", "squares")

    def __init__(self, name: str = "welford") -> None:
        super().__init__(name)
        self._make()

    def _join(self, count: Tensor, mean: Tensor, squares: Tensor) -> None:
        whole = (self.count + count).clamp(min=1e-12)
        gap = mean - self.mean
        self.squares += squares + gap.square() * self.count * count / whole
        self.mean += gap * count / whole
        self.count += count

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights, error = _weights(sample_weight, made), made - truth
        count = weights.sum()
        mean = (weights * error).sum() / count.clamp(min=1e-12)
        self._join(count, mean, (weights * (error - mean).square()).sum())

    def merge_state(self, others: Iterable[Metric]) -> None:
        for other in others:
            self._join(*(getattr(other, name).to(self.count) for name in self.names))

    def result(self) -> Tensor:
        return (self.squares / self.count.clamp(min=1e-12)).float()


class LabelledHits(_Sums):
    """Share of hits, with a free text in the configuration.

    Args:
        tolerance: Largest error of a hit.
        description: Any text.
        name: Label.
    """

    direction = "max"

    def __init__(
        self, tolerance: float = 0.5, description: str = "", name: str = "labelled_hits"
    ) -> None:
        super().__init__(name)
        self.tolerance, self.description = tolerance, description
        self._make()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, made = _pair(y_true, y_pred)
        self.to(made.device)
        weights = _weights(sample_weight, made)
        self.total += (weights * ((made - truth).abs() <= self.tolerance)).sum()
        self.count += weights.sum()

    def result(self) -> Tensor:
        return (self.total / self.count.clamp(min=1e-12)).float()


class Thresholds(_Sums):
    """Share above each of some thresholds: a value a threshold.

    Args:
        thresholds: The thresholds.
        name: Label.
    """

    names = ("above",)

    def __init__(
        self, thresholds: tuple[float, ...] = (0.25, 0.5, 0.75), name: str = "thresholds"
    ) -> None:
        super().__init__(name)
        self.thresholds = thresholds
        self._make(len(thresholds))
        self.add_state("count", dtype="float64")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        made = torch.as_tensor(y_pred).detach().double()
        self.to(made.device)
        weights = _weights(sample_weight, made).reshape(-1, 1)
        limits = made.new_tensor(self.thresholds)
        self.above.add_(((made.reshape(-1, 1) > limits) * weights).sum(0))
        self.count += weights.sum()

    def result(self) -> Tensor:
        return (self.above / self.count.clamp(min=1e-12)).float()


def absolute_percent(y_true: Tensor, y_pred: Tensor, floor: float = 1e-3) -> Tensor:
    """Absolute error in per cent of the target, a function without a class.

    Args:
        y_true: Targets.
        y_pred: Predictions.
        floor: Smaller targets count as this, > 0.
    """
    floor = require_positive("absolute_percent", "floor", floor)
    return 100 * ((y_true - y_pred).abs() / y_true.abs().clamp(min=floor)).mean(-1)


def exact_rows(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """1 for each sample that is right everywhere after rounding, else 0."""
    same = y_true.round() == y_pred.round()
    return same.reshape(len(same), math.prod(same.shape[1:])).all(1).to(y_pred.dtype)
