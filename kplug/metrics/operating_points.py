"""The best of one rate where another one reaches a bound, over evenly spread thresholds."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from kplug.arguments import require_number
from kplug.metrics.base.confusion import ConfusionMetric
from kplug.metrics.base.thresholds import Thresholds, ratio, require_count, spread_thresholds

_UNIT = "a number in [0, 1]"


class _OperatingPoint(ConfusionMetric):
    """max of ``rates()[1]`` over the thresholds at which ``rates()[0]`` is at least ``value``."""

    true_positives: Tensor
    false_positives: Tensor
    true_negatives: Tensor
    false_negatives: Tensor

    def __init__(
        self,
        argument: str,
        value: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: str | None,
    ) -> None:
        self.value = require_number(self, argument, value, _UNIT, at_least=0.0, at_most=1.0)
        count = require_count(self, "num_thresholds", num_thresholds, 1)
        self.num_thresholds = count
        thresholds = Thresholds(spread_thresholds(count), is_even=count > 1)
        super().__init__(thresholds, name, dtype, class_id=class_id)

    @property
    def thresholds(self) -> list[float]:
        """The thresholds that are looked at."""
        return self._counter.values

    @abstractmethod
    def rates(self) -> tuple[Tensor, Tensor]:
        """Return the rate that must reach the bound, and the rate to be maximal there."""

    def result(self) -> Tensor:
        """Return the best rate so far, and 0 if no threshold reaches the bound."""
        # Compared in the type of the result, in which rounding of weights is not seen.
        bounded, wanted = (self._as_result(rate) for rate in self.rates())
        return torch.where(bounded >= self.value, wanted, 0.0).amax()

    def _sensitivity(self) -> Tensor:
        return ratio(self.true_positives, self.false_negatives)

    def _specificity(self) -> Tensor:
        return ratio(self.true_negatives, self.false_positives)

    def _precision(self) -> Tensor:
        return ratio(self.true_positives, self.false_positives)


class SensitivityAtSpecificity(_OperatingPoint):
    """Best sensitivity TP / (TP + FN) where the specificity TN / (TN + FP) reaches a bound.

    Args:
        specificity: The bound, a number in [0, 1].
        num_thresholds: How many thresholds, evenly spread over [0, 1], are looked at.
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Raises:
        ArgumentValueError: if the bound or the number is out of range.

    Example:
        >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.5000)

    Reference:
        ``keras.metrics.SensitivityAtSpecificity``.
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("specificity", specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def rates(self) -> tuple[Tensor, Tensor]:
        """Return specificity and sensitivity at each threshold."""
        return self._specificity(), self._sensitivity()


class SpecificityAtSensitivity(_OperatingPoint):
    """Best specificity TN / (TN + FP) where the sensitivity TP / (TP + FN) reaches a bound.

    Args:
        sensitivity: The bound, a number in [0, 1].
        num_thresholds: How many thresholds, evenly spread over [0, 1], are looked at.
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Raises:
        ArgumentValueError: if the bound or the number is out of range.

    Example:
        >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.6667)

    Reference:
        ``keras.metrics.SpecificityAtSensitivity``.
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("sensitivity", sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def rates(self) -> tuple[Tensor, Tensor]:
        """Return sensitivity and specificity at each threshold."""
        return self._sensitivity(), self._specificity()


class PrecisionAtRecall(_OperatingPoint):
    """Best precision TP / (TP + FP) where the recall TP / (TP + FN) reaches a bound.

    Args:
        recall: The bound, a number in [0, 1].
        num_thresholds: How many thresholds, evenly spread over [0, 1], are looked at.
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Raises:
        ArgumentValueError: if the bound or the number is out of range.

    Example:
        >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
        tensor(0.5000)

    Reference:
        ``keras.metrics.PrecisionAtRecall``.
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("recall", recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def rates(self) -> tuple[Tensor, Tensor]:
        """Return recall and precision at each threshold."""
        return self._sensitivity(), self._precision()


class RecallAtPrecision(_OperatingPoint):
    """Best recall TP / (TP + FN) where the precision TP / (TP + FP) reaches a bound.

    Args:
        precision: The bound, a number in [0, 1].
        num_thresholds: How many thresholds, evenly spread over [0, 1], are looked at.
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Raises:
        ArgumentValueError: if the bound or the number is out of range.

    Example:
        >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        tensor(0.5000)

    Reference:
        ``keras.metrics.RecallAtPrecision``.
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("precision", precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def rates(self) -> tuple[Tensor, Tensor]:
        """Return precision and recall at each threshold."""
        return self._precision(), self._sensitivity()
