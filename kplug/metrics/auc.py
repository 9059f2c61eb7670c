"""Area under the ROC or precision-recall curve, from thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import refusal, require_choice, require_flag, require_number
from kplug.components.configurable import read_arguments
from kplug.errors import DataError
from kplug.metrics.base.confusion import ConfusionMetric
from kplug.metrics.base.thresholds import (
    Thresholds,
    divide,
    ratio,
    read_thresholds,
    require_count,
    spread_thresholds,
)

_CURVES = {"roc": "ROC", "pr": "PR", "prgain": "PRGAIN"}
_METHODS = ("interpolation", "majoring", "minoring")

# Four tables of doubles of this size take 3 GB.
_MOST_STATES = 100_000_000


class AUC(ConfusionMetric):
    """Area under the ROC, precision-recall or precision-recall-gain curve, by a Riemann sum.

    a = Σ_i (x_i − x_{i+1}) h_i over neighbouring thresholds t_i < t_{i+1}, with x, y = false positive
    rate and recall (ROC), recall and precision (PR), or their gains (PRGAIN), and h_i the mean
    (``interpolation``), the smaller (``minoring``) or the larger (``majoring``) of y_i and y_{i+1}.
    ``interpolation`` of PR integrates precision between the thresholds, where TP and FP are linear.

    Args:
        num_thresholds: The number of thresholds, evenly spread over [0, 1]; from 2 to 1,000,000. More
            thresholds come closer to the exact area.
        curve: ``"ROC"``, ``"PR"`` or ``"PRGAIN"``.
        summation_method: ``"interpolation"``, ``"minoring"`` or ``"majoring"``.
        name, dtype: See `Metric`.
        thresholds: Numbers in [0, 1] to use instead, in addition to one below 0 and one above 1.
        multi_label: Whether the columns of (N, L) predictions are separate labels, whose areas are
            averaged. Otherwise all values are pooled.
        num_labels: L, to check it from the first batch on; only with ``multi_label``.
        label_weights: L weights: of the labels' areas with ``multi_label``, else of the columns' values.
        from_logits: Whether predictions are logits; otherwise they are probabilities, and are clipped
            to [0, 1].

    Example:
        >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        tensor(0.7500)

    Reference:
        ``keras.metrics.AUC``; Davis and Goadrich, "The relationship between precision-recall and ROC
        curves" (2006); Flach and Kull, "Precision-recall-gain curves" (2015). A rank statistic gives
        the exact area, but needs to store every prediction.
    """

    direction = "max"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = require_choice(self, "curve", getattr(curve, "value", curve), _CURVES)
        method = getattr(summation_method, "value", summation_method)
        self.summation_method = require_choice(self, "summation_method", method, _METHODS)
        self.multi_label = require_flag(self, "multi_label", multi_label)
        self.from_logits = require_flag(self, "from_logits", from_logits)
        self.num_labels = _check_labels(self, num_labels)
        self.label_weights = _check_weights(self, label_weights)
        self.num_thresholds: int = num_thresholds
        super().__init__(thresholds, name, dtype)

    def _make_counter(self, thresholds: Any) -> Thresholds:
        inner = _choose(self, self.num_thresholds, thresholds)
        self.num_thresholds = len(inner) + 2  # one below 0 and one above 1
        if (self.num_labels or 1) * self.num_thresholds > _MOST_STATES:
            allowed = f"at most {_MOST_STATES // self.num_thresholds} with so many thresholds"
            raise refusal(self, "num_labels", self.num_labels, allowed)
        self._has_own = thresholds is not None
        slack = epsilon()
        return Thresholds([-slack, *inner, 1.0 + slack], _are_even(inner))

    def _accumulate(self, is_positive: Tensor, scores: Tensor, weights: Tensor | None) -> None:
        scores = torch.sigmoid(scores) if self.from_logits else scores.clamp(0.0, 1.0)
        if not self.multi_label:
            super()._accumulate(is_positive, scores, self._weigh_columns(scores, weights))
            return
        if scores.ndim != 2:
            raise DataError(
                f"{self.name}: y_pred has shape {tuple(scores.shape)}; multi_label=True needs (N, L)"
            )
        self._make_columns(scores.shape[1])
        self.to(scores.device)
        self._add(self._counter.count(is_positive, scores, weights))

    def _weigh_columns(self, scores: Tensor, weights: Tensor | None) -> Tensor | None:
        if self.label_weights is None:
            return weights
        self._check_columns(scores.shape[-1] if scores.ndim > 1 else 1)
        columns = torch.tensor(self.label_weights, dtype=scores.dtype, device=scores.device)
        return columns.expand_as(scores) if weights is None else columns * weights

    def _make_state(self) -> None:
        if not self.multi_label:
            super()._make_state()
        elif self.num_labels is not None:
            self._make_columns(self.num_labels)

    def _make_columns(self, labels: int) -> None:
        """Create the state for a number of labels, or check that it matches."""
        known = self.state.get("true_positives")
        if known is None:
            self._check_columns(labels)
            for name in self._kept:
                self.add_state(name, (self.num_thresholds, labels), dtype="float64")
        elif known.shape[1] != labels:
            raise DataError(
                f"{self.name}: y_pred has {labels} labels, and {known.shape[1]} are expected"
            )

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Warn of scores that are no probabilities."""
        if not self.from_logits:
            super().check_values(y_true, y_pred)

    def _check_columns(self, labels: int) -> None:
        if self.label_weights is not None and len(self.label_weights) != labels:
            raise DataError(
                f"{self.name}: label_weights has {len(self.label_weights)} values, and y_pred "
                f"has {labels} labels"
            )

    def result(self) -> Tensor:
        """Return the area so far, shape (); 0 before the first batch."""
        if not self.state:
            return self._as_result(torch.zeros((), device=self._device))
        is_pr = self.curve == "PR" and self.summation_method == "interpolation"
        areas = (self._interpolated_pr() if is_pr else self._riemann()).sum(0)
        if not self.multi_label:
            return self._as_result(areas)
        if self.label_weights is None:
            return self._as_result(areas.mean())
        weights = torch.tensor(self.label_weights, dtype=areas.dtype, device=areas.device)
        total = (areas * weights).sum()
        return self._as_result(divide(total, weights.sum()))

    def _riemann(self) -> Tensor:
        x, y = self._points()
        low, high = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (low + high) / 2.0
        elif self.summation_method == "minoring":
            heights = torch.minimum(low, high)
        else:
            heights = torch.maximum(low, high)
        return (x[:-1] - x[1:]) * heights

    def _points(self) -> tuple[Tensor, Tensor]:
        recall = ratio(self.true_positives, self.false_negatives)
        if self.curve == "ROC":
            return ratio(self.false_positives, self.true_negatives), recall
        if self.curve == "PR":
            return recall, ratio(self.true_positives, self.false_positives)
        return self._gains()

    def _gains(self) -> tuple[Tensor, Tensor]:
        """Return recall gain, at least 0, and precision gain; 0 and 1 where nothing is found."""
        found = self.true_positives
        odds = divide(found + self.false_negatives, self.true_negatives + self.false_positives)
        recall = 1.0 - odds * divide(self.false_negatives, found)
        precision = 1.0 - odds * divide(self.false_positives, found)
        is_nothing = found == 0
        recall = torch.where(is_nothing, 0.0, recall).clamp(min=0.0)
        return recall, torch.where(is_nothing, 1.0, precision)

    def _interpolated_pr(self) -> Tensor:
        """Return the areas between thresholds: slope · (ΔTP + intercept · ln(P_a / P_b)) / positives."""
        found, positive = self.true_positives, self.true_positives + self.false_positives
        gained = found[:-1] - found[1:]
        slope = divide(gained, (positive[:-1] - positive[1:]).clamp(min=0.0))
        intercept = found[1:] - slope * positive[1:]
        has_both = (positive[:-1] > 0) & (positive[1:] > 0)
        growth = torch.where(has_both, divide(positive[:-1], positive[1:]), 1.0)
        positives = found[1:] + self.false_negatives[1:]
        return divide(slope * (gained + intercept * torch.log(growth)), positives)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; ``thresholds`` only if they were given."""
        config = {**read_arguments(self), "thresholds": self.thresholds[1:-1]}
        if not self._has_own:
            del config["thresholds"]
        return config


def _choose(owner: AUC, count: object, thresholds: Any) -> list[float]:
    """Return the thresholds between the one below 0 and the one above 1."""
    if thresholds is None:
        return spread_thresholds(require_count(owner, "num_thresholds", count, 2))[1:-1]
    given = list(thresholds)
    return sorted(read_thresholds(owner, given, 0.5)) if given else []


def _are_even(inner: list[float]) -> bool:
    return Thresholds([0.0, *inner, 1.0]).is_even or not inner


def _check_labels(owner: AUC, num_labels: int | None) -> int | None:
    if num_labels is None:
        return None
    if not owner.multi_label:
        raise refusal(owner, "num_labels", num_labels, "None, unless multi_label is True")
    return require_count(owner, "num_labels", num_labels, 1)


def _check_weights(owner: AUC, label_weights: Sequence[float] | None) -> list[float] | None:
    if label_weights is None:
        return None
    allowed = "None or a list of finite numbers >= 0"
    return [
        require_number(owner, "label_weights", weight, allowed, at_least=0.0)
        for weight in label_weights
    ]
