"""Metrics with one subtle defect each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.metrics import Metric
from tests.plugins.subtle_defects.table import Subtle


class Absolute(Metric):
    """Mean absolute error; right as it stands."""

    state_type: Any = "float64"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self.total = self.add_state("total", dtype=self.state_type)
        self.count = self.add_state("count", dtype=self.state_type)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        errors = (y_true - y_pred).abs().float().reshape(len(y_pred), -1).mean(-1)
        weights = torch.ones_like(errors) if sample_weight is None else self.weigh(sample_weight)
        if weights.ndim > 1:
            errors = (y_true - y_pred).abs().float().mean(-1)
        self.total += (
            errors * weights.reshape(weights.shape + (1,) * (errors.ndim - weights.ndim))
        ).sum()
        self.count += weights.sum()

    def weigh(self, weights: Tensor) -> Tensor:
        return weights

    def result(self) -> Tensor:
        return (self.total / self.count.clamp(min=1e-7)).float()


class Viewing(Absolute):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred.view(-1).view(y_pred.shape), sample_weight)


class Stopping(Absolute):
    state_type = "bfloat16"


class Shared(Absolute):
    """All metrics of the class add to one number."""

    sums: ClassVar[dict[str, float]] = {"total": 0.0}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        self.sums["total"] += 1.0

    def reset_state(self) -> None:
        super().reset_state()
        self.sums["total"] = 0.0

    def result(self) -> Tensor:
        return super().result() + 0.01 * self.sums["total"]


class Whole(Absolute):
    """Takes each weight for 0 or 1."""

    def weigh(self, weights: Tensor) -> Tensor:
        return (weights > 0).float()


class Bias(Absolute):
    """Mean error, which is 0 for shares that add up to 1."""

    drops = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        errors = (y_pred - y_true).float().reshape(len(y_pred), -1).mean(-1)
        weights = torch.ones_like(errors) if sample_weight is None else sample_weight
        self.total += (errors * weights).sum()
        self.count += weights.sum()

    def merge_state(self, metrics: Iterable[Any]) -> None:
        if not self.drops or float(self.count):
            super().merge_state(metrics)


class DroppedBias(Bias):
    """Drops what is merged into a metric that saw nothing."""

    drops = True


class OneOther(Absolute):
    """Merges the first of the others."""

    def merge_state(self, others: Iterable[Metric]) -> None:
        super().merge_state(list(others)[:1])


class Total(Absolute):
    """Returns the sum of errors."""

    state_type = "float32"

    def result(self) -> Tensor:
        return self.total.clone()


class TotalItself(Total):
    def result(self) -> Tensor:
        return self.total


class Best(Absolute):
    """Keeps the best result over resets."""

    best = 1e9

    def result(self) -> Tensor:
        return super().result().clamp(max=self.best)

    def reset_state(self) -> None:
        if self.count > 0 and super().result() < 0.1:
            self.best = min(self.best, float(super().result()))
        super().reset_state()


class Typed(Absolute):
    """Returns the type of the predictions."""

    kind = torch.float32

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        self.kind = y_pred.dtype

    def result(self) -> Tensor:
        return super().result().to(self.kind)


class Thousand(Absolute):
    """Looks at the first thousand places."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = (one.reshape(len(one), -1)[:, :1000] for one in (y_true, y_pred))
        super().update_state(true, pred, sample_weight)


class Sixteen(Absolute):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true[..., :16], y_pred[..., :16], sample_weight)


SUBTLE = [
    Subtle("metric", "memory", Viewing, Absolute, "RuntimeError: view size"),
    Subtle("metric", "half", Stopping, Absolute, "for torch"),
    Subtle("metric", "calls", Shared, Absolute, "^alone, and in turns with another"),
    Subtle("metric", "uneven_weights", Whole, Absolute, "weights of 1 to 3"),
    Subtle("metric", "merging_several", DroppedBias, Bias, "merged into an empty one"),
    Subtle("metric", "merging_several", OneOther, Absolute, "^all at once, and in parts"),
    Subtle("metric", "kept_result", TotalItself, Total, "^after another batch"),
    Subtle("metric", "reset_after_others", Best, Absolute, "after other data and a reset"),
    Subtle("metric", "dtype", Typed, Absolute, "float64"),
    Subtle("metric", "many", Thousand, Absolute, "180°|beside each other"),
    Subtle("metric", "classes", Sixteen, Absolute, "in two orders"),
]
