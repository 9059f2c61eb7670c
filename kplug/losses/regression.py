"""Mean squared, absolute, percentage and logarithmic errors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.checks import is_any
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.reduction import can_fuse
from kplug.registry import named


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `MeanSquaredError` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "mean_squared_error")
    return (predictions - targets).square().mean(-1)


@named("mean_squared_error", "mse")
class MeanSquaredError(FormulaLoss, formula=mean_squared_error):
    """Mean of squared differences, (ŷ − y)².

    L = mean (ŷ − y)², over the last axis of (N, …, D) and then by ``reduction``.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
        tensor(0.5000)

    Reference:
        ``keras.losses.MeanSquaredError``; Keras broadcasts shapes that differ.
    """

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if not can_fuse(y_true, y_pred):
            return super().batch_mean(y_true, y_pred)
        return F.mse_loss(y_pred, y_true)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `MeanAbsoluteError` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "mean_absolute_error")
    return (predictions - targets).abs().mean(-1)


@named("mean_absolute_error", "mae")
class MeanAbsoluteError(FormulaLoss, formula=mean_absolute_error):
    """Mean of absolute differences, |ŷ − y|.

    L = mean |ŷ − y|, over the last axis of (N, …, D) and then by ``reduction``.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(1.5000)

    Reference:
        ``keras.losses.MeanAbsoluteError``; Keras broadcasts shapes that differ.
    """

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if not can_fuse(y_true, y_pred):
            return super().batch_mean(y_true, y_pred)
        return F.l1_loss(y_pred, y_true)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `MeanAbsolutePercentageError` before the reduction, shape (N, …), in percent."""
    targets, predictions = prepare(y_true, y_pred, "mean_absolute_percentage_error")
    relative = (targets - predictions).abs() / targets.abs().clamp(min=epsilon())
    return 100.0 * relative.mean(-1)


@named("mean_absolute_percentage_error", "mape")
class MeanAbsolutePercentageError(FormulaLoss, formula=mean_absolute_percentage_error):
    """Mean of relative differences, in percent of the target.

    L = 100 · mean |y − ŷ| / max(|y|, ε), over the last axis of (N, …, D) and then by ``reduction``; ε is
    ``kplug.backend.epsilon()``. A target near 0 dominates the mean; 0 in the first batch causes a warning.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [3.0]])
        tensor(37.5000)

    Reference:
        ``keras.losses.MeanAbsolutePercentageError``.
    """

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of targets of 0, by which errors cannot be divided."""
        if is_any(y_true.abs() < epsilon()):
            self.warn_once(
                f"{self.name}: y_true holds 0, and an error is divided by its target, or by {epsilon():g} "
                "if that is smaller: such a sample outweighs all others. mean_absolute_error and "
                "mean_squared_logarithmic_error take targets of 0."
            )


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `MeanSquaredLogarithmicError` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "mean_squared_logarithmic_error")
    smallest = epsilon()
    # log1p keeps the digits that 1 + 1e-7 loses in float32.
    ratio = torch.log1p(predictions.clamp(min=smallest)) - torch.log1p(targets.clamp(min=smallest))
    return ratio.square().mean(-1)


@named("mean_squared_logarithmic_error", "msle")
class MeanSquaredLogarithmicError(FormulaLoss, formula=mean_squared_logarithmic_error):
    """Mean of squared differences of logarithms.

    L = mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))², over the last axis of (N, …, D) and then by
    ``reduction``; ε is ``kplug.backend.epsilon()``. Values below ε count as ε, with a warning for negative
    targets.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> MeanSquaredLogarithmicError()([[1.0], [3.0]], [[3.0], [1.0]])
        tensor(0.4805)

    Reference:
        ``keras.losses.MeanSquaredLogarithmicError``.
    """

    def check_targets(self, y_true: Tensor) -> None:
        """Warn of negative targets, which count as 0."""
        if is_any(y_true < 0):
            self.warn_once(
                f"{self.name}: y_true holds negative numbers, and each of them counts as 0, since the loss "
                "compares logarithms; for targets of either sign use another one, such as mean_squared_error."
            )

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of negative targets."""
        self.check_targets(y_true)
