"""The best value of one rate where another reaches a bound, over thresholds."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.components.arguments import require_share
from kplug.metrics.base.confusion import ConfusionMetric
from kplug.metrics.base.thresholds import ratio, require_count


class SensitivityAtSpecificity(ConfusionMetric):
    """Best sensitivity TP / (TP + FN) where the specificity TN / (TN + FP) reaches a bound.

    Args:
        specificity: The bound, a number in [0, 1].
        num_thresholds: The number of thresholds, evenly spread over [0, 1].
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Example:
        >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.5000)

    Reference:
        ``keras.metrics.SensitivityAtSpecificity``.
    """

    direction = "max"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.specificity = _require_rate(self, "specificity", specificity)
        self.num_thresholds = require_count(self, "num_thresholds", num_thresholds, 1)
        self._keep_classes(None, class_id)
        super().__init__(None, name, dtype)

    def result(self) -> Tensor:
        """Return the best rate so far, and 0 if no threshold reaches the bound."""
        return _best_where(self, _specificity(self), _sensitivity(self), self.specificity)


class SpecificityAtSensitivity(ConfusionMetric):
    """Best specificity TN / (TN + FP) where the sensitivity TP / (TP + FN) reaches a bound.

    Args:
        sensitivity: The bound, a number in [0, 1].
        num_thresholds, class_id, name, dtype: See `SensitivityAtSpecificity`.

    Example:
        >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.6667)

    Reference:
        ``keras.metrics.SpecificityAtSensitivity``.
    """

    direction = "max"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.sensitivity = _require_rate(self, "sensitivity", sensitivity)
        self.num_thresholds = require_count(self, "num_thresholds", num_thresholds, 1)
        self._keep_classes(None, class_id)
        super().__init__(None, name, dtype)

    def result(self) -> Tensor:
        """Return the best rate so far, and 0 if no threshold reaches the bound."""
        return _best_where(self, _sensitivity(self), _specificity(self), self.sensitivity)


class PrecisionAtRecall(ConfusionMetric):
    """Best precision TP / (TP + FP) where the recall TP / (TP + FN) reaches a bound.

    Args:
        recall: The bound, a number in [0, 1].
        num_thresholds, class_id, name, dtype: See `SensitivityAtSpecificity`.

    Example:
        >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.5000)

    Reference:
        ``keras.metrics.PrecisionAtRecall``.
    """

    direction = "max"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.recall = _require_rate(self, "recall", recall)
        self.num_thresholds = require_count(self, "num_thresholds", num_thresholds, 1)
        self._keep_classes(None, class_id)
        super().__init__(None, name, dtype)

    def result(self) -> Tensor:
        """Return the best rate so far, and 0 if no threshold reaches the bound."""
        return _best_where(self, _sensitivity(self), _precision(self), self.recall)


class RecallAtPrecision(ConfusionMetric):
    """Best recall TP / (TP + FN) where the precision TP / (TP + FP) reaches a bound.

    Args:
        precision: The bound, a number in [0, 1].
        num_thresholds, class_id, name, dtype: See `SensitivityAtSpecificity`.

    Example:
        >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        tensor(0.5000)

    Reference:
        ``keras.metrics.RecallAtPrecision``.
    """

    direction = "max"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self.precision = _require_rate(self, "precision", precision)
        self.num_thresholds = require_count(self, "num_thresholds", num_thresholds, 1)
        self._keep_classes(None, class_id)
        super().__init__(None, name, dtype)

    def result(self) -> Tensor:
        """Return the best rate so far, and 0 if no threshold reaches the bound."""
        return _best_where(self, _precision(self), _sensitivity(self), self.precision)


def _require_rate(owner: ConfusionMetric, argument: str, value: float) -> float:
    require_share(owner, argument, value)
    return value


def _best_where(metric: ConfusionMetric, bounded: Tensor, wanted: Tensor, bound: float) -> Tensor:
    # Compared in the type of the result, which hides rounding errors of weights.
    kind = to_dtype(metric.dtype)
    return torch.where(bounded.to(kind) >= float(bound), wanted.to(kind), 0.0).amax()


def _sensitivity(metric: ConfusionMetric) -> Tensor:
    return ratio(metric.true_positives, metric.false_negatives)


def _specificity(metric: ConfusionMetric) -> Tensor:
    return ratio(metric.true_negatives, metric.false_positives)


def _precision(metric: ConfusionMetric) -> Tensor:
    return ratio(metric.true_positives, metric.false_positives)
