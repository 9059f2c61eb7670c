"""Correlations of predictions with targets, along an axis."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from kplug.backend import epsilon
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.metrics.base.mean import MeanMetric

Axis = int | Sequence[int]


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = -1) -> Tensor:
    """Return the values that `PearsonCorrelation` averages: the shape without ``axis``."""
    axes = _as_axes(axis)
    targets, predictions = prepare(y_true, y_pred, "pearson_correlation")
    first, second = (each - each.mean(axes, keepdim=True) for each in (targets, predictions))
    scale = (first.square().mean(axes) * second.square().mean(axes)).sqrt()
    return (first * second).mean(axes) / scale


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = -1) -> Tensor:
    """Return the values that `ConcordanceCorrelation` averages: the shape without ``axis``."""
    axes = _as_axes(axis)
    targets, predictions = prepare(y_true, y_pred, "concordance_correlation")
    means = [each.mean(axes, keepdim=True) for each in (targets, predictions)]
    first, second = targets - means[0], predictions - means[1]
    spread = first.square().mean(axes) + second.square().mean(axes)
    distance = (means[0] - means[1]).square().mean(axes)
    return 2.0 * (first * second).mean(axes) / (spread + distance + epsilon())


class PearsonCorrelation(MeanMetric, formula=pearson_correlation):
    """Mean of Pearson's correlation between targets and predictions along an axis.

    m = mean of cov(y, ŷ) / (σ_y σ_ŷ), in [−1, 1].

    Args:
        name, dtype: See `Metric`.
        axis: The axis, or axes, along which values are compared. The default compares the outputs of
            one sample; 0 compares the samples of one batch, whose means are averaged over batches.

    Example:
        >>> PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.8, 0.5]])
        tensor(0.9966)

    Reference:
        ``keras.metrics.PearsonCorrelation``. Constant values, such as a single output along the
        default axis, have no correlation, and the result is NaN.
    """

    direction = "max"

    def __init__(
        self,
        name: str | None = "pearson_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis


class ConcordanceCorrelation(MeanMetric, formula=concordance_correlation):
    """Mean of Lin's concordance between targets and predictions along an axis.

    m = mean of 2 cov(y, ŷ) / (var y + var ŷ + (ȳ − mean ŷ)² + ε), in [−1, 1]: correlation that also asks
    for equal mean and spread.

    Args:
        name, dtype, axis: See `PearsonCorrelation`.

    Example:
        >>> ConcordanceCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])
        tensor(0.9756)

    Reference:
        ``keras.metrics.ConcordanceCorrelation``; Lin, "A concordance correlation coefficient to
        evaluate reproducibility" (1989). ε is ``epsilon()``.
    """

    direction = "max"

    def __init__(
        self,
        name: str | None = "concordance_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis


def _as_axes(axis: Axis) -> int | tuple[int, ...]:
    return axis if isinstance(axis, int) else tuple(axis)
