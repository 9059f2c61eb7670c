"""Regression errors as metrics: the losses' values, averaged over samples."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.losses.base.alignment import prepare
from kplug.losses.regression import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kplug.losses.robust import log_cosh
from kplug.losses.similarity import cosine_similarity
from kplug.metrics.base.mean import MeanMetric
from kplug.registry import named


@named("mean_squared_error", "mse")
class MeanSquaredError(MeanMetric, formula=mean_squared_error):
    """Mean of squared differences: mean (ŷ − y)².

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(2.5000)

    Reference:
        ``keras.metrics.MeanSquaredError``.
    """


@named("root_mean_squared_error", "rmse")
class RootMeanSquaredError(MeanMetric):
    """Root of the mean of squared differences: √ mean (ŷ − y)², the root taken last.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [4.0]])
        tensor(3.5355)

    Reference:
        ``keras.metrics.RootMeanSquaredError``.
    """

    direction = "min"

    def __init__(
        self, name: str | None = "root_mean_squared_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the squared differences."""
        targets, predictions = prepare(y_true, y_pred, "root_mean_squared_error")
        return (predictions - targets).square()

    def result(self) -> Tensor:
        """Return the root of the mean so far."""
        return torch.sqrt(super().result())


@named("mean_absolute_error", "mae")
class MeanAbsoluteError(MeanMetric, formula=mean_absolute_error):
    """Mean of absolute differences: mean |ŷ − y|.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(1.5000)

    Reference:
        ``keras.metrics.MeanAbsoluteError``.
    """


@named("mean_absolute_percentage_error", "mape")
class MeanAbsolutePercentageError(MeanMetric, formula=mean_absolute_percentage_error):
    """Mean of relative differences in percent: 100 · mean |y − ŷ| / max(|y|, ε).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [3.0]])
        tensor(37.5000)

    Reference:
        ``keras.metrics.MeanAbsolutePercentageError``.
    """


@named("mean_squared_logarithmic_error", "msle")
class MeanSquaredLogarithmicError(MeanMetric, formula=mean_squared_logarithmic_error):
    """Mean of squared differences of logarithms: mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))².

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> MeanSquaredLogarithmicError()([[1.0], [3.0]], [[3.0], [1.0]])
        tensor(0.4805)

    Reference:
        ``keras.metrics.MeanSquaredLogarithmicError``.
    """


@named("log_cosh_error", "log_cosh")
class LogCoshError(MeanMetric):
    """Logarithm of the hyperbolic cosine of the error: mean ln cosh(ŷ − y).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> LogCoshError()([[0.0]], [[1.0]])
        tensor(0.4338)

    Reference:
        ``keras.metrics.LogCoshError``.
    """

    direction = "min"

    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return log_cosh(y_true, y_pred)


class CosineSimilarity(MeanMetric):
    """Cosine of the angle between target and prediction: mean Σ y·ŷ / (‖y‖ ‖ŷ‖); 1 is the best value.

    Args:
        name, dtype: See `Metric`.
        axis: The axis of the vectors.

    Example:
        >>> CosineSimilarity()([[3.0, 4.0]], [[3.0, -4.0]])
        tensor(-0.2800)

    Reference:
        ``keras.metrics.CosineSimilarity``. The *loss* of the same name has the other sign.
    """

    direction = "max"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cosine of each sample."""
        # No formula: as a function, the cosine is the loss, which has the other sign.
        return -cosine_similarity(y_true, y_pred, self.axis)
