"""True and false positives and negatives."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from kplug.metrics.base.confusion import ConfusionMetric


class TruePositives(ConfusionMetric):
    """Weight of the positive predictions that are right: Σ w [y = 1][ŷ > t].

    Args:
        thresholds: t, a number in [0, 1] or a list of them; None means 0.5. A list gives a value each.
        name, dtype: See `Metric`.

    Example:
        >>> TruePositives()([0, 1, 1, 1], [1, 0, 1, 1])
        tensor(2.)

    Reference:
        ``keras.metrics.TruePositives``.
    """

    _kept: ClassVar[dict[str, str]] = {"accumulator": "true_positives"}
    accumulator: Tensor

    def result(self) -> Tensor:
        """Return the weight so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(self.accumulator)


class FalsePositives(ConfusionMetric):
    """Weight of the positive predictions that are wrong: Σ w [y = 0][ŷ > t].

    Args:
        thresholds, name, dtype: See `TruePositives`.

    Example:
        >>> FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1])
        tensor(2.)

    Reference:
        ``keras.metrics.FalsePositives``.
    """

    _kept: ClassVar[dict[str, str]] = {"accumulator": "false_positives"}
    accumulator: Tensor

    def result(self) -> Tensor:
        """Return the weight so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(self.accumulator)


class TrueNegatives(ConfusionMetric):
    """Weight of the negative predictions that are right: Σ w [y = 0][ŷ ≤ t].

    Args:
        thresholds, name, dtype: See `TruePositives`.

    Example:
        >>> TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0])
        tensor(2.)

    Reference:
        ``keras.metrics.TrueNegatives``.
    """

    _kept: ClassVar[dict[str, str]] = {"accumulator": "true_negatives"}
    accumulator: Tensor

    def result(self) -> Tensor:
        """Return the weight so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(self.accumulator)


class FalseNegatives(ConfusionMetric):
    """Weight of the negative predictions that are wrong: Σ w [y = 1][ŷ ≤ t].

    Args:
        thresholds, name, dtype: See `TruePositives`.

    Example:
        >>> FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0])
        tensor(2.)

    Reference:
        ``keras.metrics.FalseNegatives``.
    """

    _kept: ClassVar[dict[str, str]] = {"accumulator": "false_negatives"}
    accumulator: Tensor

    def result(self) -> Tensor:
        """Return the weight so far: shape (), or (T,) for T thresholds."""
        return self._one_or_all(self.accumulator)
