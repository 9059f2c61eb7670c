"""Mean squared, absolute, percentage and logarithmic errors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.loss import Loss
from kplug.losses.base.reduction import mean_of


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean of squared differences: mean (ŷ − y)² over the last axis.

    Args:
        y_true: Targets, shape (N, …, D).
        y_pred: Predictions, shape (N, …, D).

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
        tensor([0.5000, 0.5000])
    """
    targets, predictions = prepare(y_true, y_pred, "mean_squared_error")
    return (predictions - targets).square().mean(-1)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean of absolute differences: mean |ŷ − y| over the last axis.

    Args:
        y_true: Targets, shape (N, …, D).
        y_pred: Predictions, shape (N, …, D).

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]])
        tensor([1.5000])
    """
    targets, predictions = prepare(y_true, y_pred, "mean_absolute_error")
    return (predictions - targets).abs().mean(-1)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean of relative differences in percent: 100 · mean |y − ŷ| / max(|y|, ε) over the last axis.

    Args:
        y_true: Targets, shape (N, …, D). One near 0 dominates the mean: ε is ``epsilon()``.
        y_pred: Predictions, shape (N, …, D).

    Returns:
        Shape (N, …), in percent.

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 3.0]])
        tensor([37.5000])
    """
    targets, predictions = prepare(y_true, y_pred, "mean_absolute_percentage_error")
    relative = (targets - predictions).abs() / targets.abs().clamp(min=epsilon())
    return 100.0 * relative.mean(-1)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean of squared log ratios: mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))² over the last axis.

    Args:
        y_true: Targets, shape (N, …, D), ≥ 0; smaller ones count as ε, which is ``epsilon()``.
        y_pred: Predictions, shape (N, …, D), likewise.

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> mean_squared_logarithmic_error([[1.0, 3.0]], [[3.0, 1.0]])
        tensor([0.4805])
    """
    targets, predictions = prepare(y_true, y_pred, "mean_squared_logarithmic_error")
    smallest = epsilon()
    # log1p keeps the digits that 1 + 1e-7 loses in float32.
    ratio = torch.log1p(predictions.clamp(min=smallest)) - torch.log1p(targets.clamp(min=smallest))
    return ratio.square().mean(-1)


class MeanSquaredError(Loss):
    """Mean of squared differences, (ŷ − y)².

    L = mean (ŷ − y)², over the last axis and then by ``reduction``.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
        tensor(0.5000)

    Reference:
        ``keras.losses.MeanSquaredError``; Keras broadcasts shapes that differ.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `mean_squared_error`."""
        return mean_squared_error(y_true, y_pred)

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if y_true.shape != y_pred.shape or not y_pred.numel():
            return mean_of(self.call(y_true, y_pred))
        return F.mse_loss(y_pred, y_true)


class MeanAbsoluteError(Loss):
    """Mean of absolute differences, |ŷ − y|.

    L = mean |ŷ − y|, over the last axis and then by ``reduction``.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(1.5000)

    Reference:
        ``keras.losses.MeanAbsoluteError``; Keras broadcasts shapes that differ.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `mean_absolute_error`."""
        return mean_absolute_error(y_true, y_pred)

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if y_true.shape != y_pred.shape or not y_pred.numel():
            return mean_of(self.call(y_true, y_pred))
        return F.l1_loss(y_pred, y_true)


class MeanAbsolutePercentageError(Loss):
    """Mean of relative differences, in percent of the target.

    L = 100 · mean |y − ŷ| / max(|y|, ε), over the last axis and then by ``reduction``; ε is
    ``kplug.backend.epsilon()``.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [3.0]])
        tensor(37.5000)

    Reference:
        ``keras.losses.MeanAbsolutePercentageError``.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `mean_absolute_percentage_error`."""
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(Loss):
    """Mean of squared differences of logarithms.

    L = mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))², over the last axis and then by ``reduction``;
    ε is ``kplug.backend.epsilon()``.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> MeanSquaredLogarithmicError()([[1.0], [3.0]], [[3.0], [1.0]])
        tensor(0.4805)

    Reference:
        ``keras.losses.MeanSquaredLogarithmicError``.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `mean_squared_logarithmic_error`."""
        return mean_squared_logarithmic_error(y_true, y_pred)
