"""Precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from kplug.metrics.base.confusion import ConfusionMetric
from kplug.metrics.base.thresholds import ratio


class Precision(ConfusionMetric):
    """Share of the positive predictions that are right.

    p = TP / (TP + FP), and 0 without positive predictions, those with ŷ > t.

    Args:
        thresholds: t, a number in [0, 1] or a list of them, which gives a value each; None means 0.5,
            and with ``top_k`` no threshold. For logits use 0, which is the probability 0.5.
        top_k: Only the k best scores of a sample can be positive predictions; None for all.
        class_id: The one class, an index of the last axis, that counts; None for all.
        name, dtype: See `Metric`.

    Raises:
        ArgumentValueError: if a threshold is out of range, or there are fewer classes than requested.

    Example:
        >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
        tensor(0.6667)

    Reference:
        ``keras.metrics.Precision``.
    """

    direction = "max"
    _kept: ClassVar[dict[str, str]] = {name: name for name in ("true_positives", "false_positives")}

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._keep_classes(top_k, class_id)
        super().__init__(thresholds, name, dtype)

    def result(self) -> Tensor:
        """Return the precision so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(ratio(self.true_positives, self.false_positives))


class Recall(ConfusionMetric):
    """Share of the positive labels that are found.

    r = TP / (TP + FN), and 0 without a positive label; a label is found where ŷ > t.

    Args:
        thresholds, top_k, class_id, name, dtype: See `Precision`.

    Example:
        >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])
        tensor(0.6667)

    Reference:
        ``keras.metrics.Recall``.
    """

    direction = "max"
    _kept: ClassVar[dict[str, str]] = {name: name for name in ("true_positives", "false_negatives")}

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._keep_classes(top_k, class_id)
        super().__init__(thresholds, name, dtype)

    def result(self) -> Tensor:
        """Return the recall so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(ratio(self.true_positives, self.false_negatives))
