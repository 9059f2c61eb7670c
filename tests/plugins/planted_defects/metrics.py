"""Metrics with one small defect each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from kplug.metrics import Metric
from tests.plugins.planted_defects.table import Defect


class Within(Metric):
    """The share of values whose error is below a limit; right as it stands."""

    def __init__(self, limit: float = 0.4, name: str | None = None) -> None:
        super().__init__(name)
        self.limit = limit
        self.total = self.add_state("total")
        self.count = self.add_state("count")

    def _judge(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ((y_true - y_pred).abs() < self.limit).float().mean(-1)

    def _weigh(self, values: Tensor, sample_weight: Any) -> Tensor:
        return torch.ones_like(values) if sample_weight is None else sample_weight

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values = self._judge(y_true, y_pred)
        weights = self._weigh(values, sample_weight)
        self.total.add_((values * weights).sum())
        self.count.add_(weights.sum())

    def result(self) -> Tensor:
        return self.total / self.count.clamp(min=1e-7)


class Forgetful(Within):
    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class Unheeded(Within):
    def _judge(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ((y_true - y_pred).abs() < 0.4).float().mean(-1)


class Weightless(Within):
    def _weigh(self, values: Tensor, sample_weight: Any) -> Tensor:
        return torch.ones_like(values)


class MeanOfMeans(Within):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values = self._judge(y_true, y_pred)
        weights = self._weigh(values, sample_weight)
        self.total.add_((values * weights).sum() / weights.sum().clamp(min=1e-7))
        self.count.add_(1.0 if len(values) else 0.0)


class Numbers(Within):
    """Keeps its sums as attributes, which nobody resets, moves or merges."""

    def __init__(self, limit: float = 0.4, name: str | None = None) -> None:
        super().__init__(limit, name)
        self.seen = 0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        self.seen += len(y_pred)


class OwnState(Within):
    """Resets what it keeps, but nobody else knows of it."""

    def __init__(self, limit: float = 0.4, name: str | None = None) -> None:
        super().__init__(limit, name)
        self.total = torch.zeros(())
        self.count = torch.zeros(())
        self._fills.clear()

    def reset_state(self) -> None:
        self.total = torch.zeros(())
        self.count = torch.zeros(())


class HalfReset(Within):
    def reset_state(self) -> None:
        self.total.zero_()


class Reading(Within):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values = self._judge(y_true, y_pred)
        weights = self._weigh(values, sample_weight)
        self.total.add_((values * weights).sum().item())
        self.count.add_(weights.sum().item())


class Deciding(Within):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if (y_pred >= 0).all():
            super().update_state(y_true, y_pred, sample_weight)


class Alone(Within):
    def merge_state(self, others: Iterable[Any]) -> None:
        for other in others:
            self.total.add_(other.total)


class Consuming(Within):
    def result(self) -> Tensor:
        return self.total.div_(self.count.clamp(min=1e-7))


class Unsure(Within):
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values = self._judge(y_true, y_pred)
        weights = self._weigh(values, sample_weight)
        self.total.add_((values * weights).mean() * len(values))
        self.count.add_(weights.sum())


class InPlace(Within):
    def _judge(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return (y_pred.sub_(y_true).abs_() < self.limit).float().mean(-1)


class PerSample(Within):
    def __init__(self, limit: float = 0.4, name: str | None = None) -> None:
        super().__init__(limit, name)
        self.pair = self.add_state("pair", (1, 2))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred, sample_weight)
        self.pair.copy_(torch.stack([self.total, self.count]).unsqueeze(0))

    def result(self) -> Tensor:
        return self.pair


DEFECTS = [
    Defect("forgets the limit", Forgetful, "config", "a loaded model reports something else"),
    Defect("reads no limit", Unheeded, "effect", "the argument changes nothing"),
    Defect("ignores sample weights", Weightless, "weights", "masked samples count"),
    Defect(
        "averages averages",
        MeanOfMeans,
        "batches",
        "the last batch counts too much",
        also=("weights", "merging"),
    ),
    Defect("counts in an attribute", Numbers, "state", "a copy in another process lacks it"),
    Defect(
        "keeps state of its own",
        OwnState,
        "state",
        "several processes report one's result",
        also=("merging",),
    ),
    Defect("resets one of two", HalfReset, "reset", "the second epoch starts with the first"),
    Defect("reads its sums", Reading, "reads", "each step waits"),
    Defect("decides by values", Deciding, "reads", "each step waits"),
    Defect("merges one of two", Alone, "merging", "several processes report too much"),
    Defect("divides its state", Consuming, "result_twice", "looking changes the number"),
    Defect("averages nothing", Unsure, "empty_batch", "an empty batch makes NaN"),
    Defect("changes the predictions", InPlace, "inputs", "other metrics see errors"),
    Defect("returns a matrix", PerSample, "scalar", "logs cannot show it", also=("merging",)),
]
