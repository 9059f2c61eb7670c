"""Correlations of predictions with targets, along an axis."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from kplug.backend import epsilon
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.metrics.base.mean import MeanMetric

Axis = int | Sequence[int]


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = -1) -> Tensor:
    """Pearson's correlation: mean (y − ȳ)(ŷ − mean ŷ) / (σ_y σ_ŷ) over ``axis``.

    Args:
        y_true: Targets, shape (N, …, D).
        y_pred: Predictions, shape (N, …, D).
        axis: The axis, or axes, along which values are compared.

    Returns:
        The shape without ``axis``; NaN where targets or predictions are constant.

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.8, 0.5]])
        tensor([0.9966])
    """
    axes = _as_axes(axis)
    targets, predictions = prepare(y_true, y_pred, "pearson_correlation")
    first, second = (each - each.mean(axes, keepdim=True) for each in (targets, predictions))
    scale = (first.square().mean(axes) * second.square().mean(axes)).sqrt()
    return (first * second).mean(axes) / scale


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = -1) -> Tensor:
    """Lin's concordance: 2 cov(y, ŷ) / (var y + var ŷ + (ȳ − mean ŷ)² + ε) over ``axis``.

    Args:
        y_true: Targets, shape (N, …, D).
        y_pred: Predictions, shape (N, …, D).
        axis: The axis, or axes, along which values are compared.

    Returns:
        The shape without ``axis``; ε is ``epsilon()``.

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])
        tensor([0.9756])
    """
    axes = _as_axes(axis)
    targets, predictions = prepare(y_true, y_pred, "concordance_correlation")
    means = [each.mean(axes, keepdim=True) for each in (targets, predictions)]
    first, second = targets - means[0], predictions - means[1]
    spread = first.square().mean(axes) + second.square().mean(axes)
    distance = (means[0] - means[1]).square().mean(axes)
    return 2.0 * (first * second).mean(axes) / (spread + distance + epsilon())


class PearsonCorrelation(MeanMetric):
    """Mean of Pearson's correlation between targets and predictions along an axis.

    m = mean of cov(y, ŷ) / (σ_y σ_ŷ), in [−1, 1].

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.
        axis: The axis, or axes, along which values are compared. The default compares the outputs of
            one sample; 0 compares the samples of one batch, whose means are averaged over batches.

    Example:
        >>> PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.8, 0.5]])
        tensor(0.9966)

    Reference:
        ``keras.metrics.PearsonCorrelation``. Constant values, such as a single output along the
        default axis, have no correlation, and the result is NaN.
    """

    def __init__(
        self,
        name: str | None = "pearson_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the correlation along the axis."""
        return pearson_correlation(y_true, y_pred, self.axis)


class ConcordanceCorrelation(MeanMetric):
    """Mean of Lin's concordance between targets and predictions along an axis.

    m = mean of 2 cov(y, ŷ) / (var y + var ŷ + (ȳ − mean ŷ)²), in [−1, 1]: correlation that also asks
    for equal mean and spread.

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.
        axis: The axis, or axes, along which values are compared. The default compares the outputs of
            one sample; 0 compares the samples of one batch, whose means are averaged over batches.

    Example:
        >>> ConcordanceCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])
        tensor(0.9756)

    Reference:
        ``keras.metrics.ConcordanceCorrelation``; Lin, "A concordance correlation coefficient to
        evaluate reproducibility" (1989).
    """

    def __init__(
        self,
        name: str | None = "concordance_correlation",
        dtype: str | None = None,
        axis: Axis = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the concordance along the axis."""
        return concordance_correlation(y_true, y_pred, self.axis)


def _as_axes(axis: Axis) -> int | tuple[int, ...]:
    return axis if isinstance(axis, int) else tuple(axis)
