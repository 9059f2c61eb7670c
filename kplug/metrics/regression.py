"""Regression errors as metrics."""

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
class MeanSquaredError(MeanMetric):
    """Mean of squared differences: mean (ŷ − y)².

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> MeanSquaredError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(2.5000)

    Reference:
        ``keras.metrics.MeanSquaredError``.
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return mean_squared_error(y_true, y_pred)


@named("root_mean_squared_error", "rmse")
class RootMeanSquaredError(MeanMetric):
    """Root of the mean of squared differences: √ mean (ŷ − y)², the root taken last.

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [4.0]])
        tensor(3.5355)

    Reference:
        ``keras.metrics.RootMeanSquaredError``.
    """

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
class MeanAbsoluteError(MeanMetric):
    """Mean of absolute differences: mean |ŷ − y|.

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> MeanAbsoluteError()([[0.0], [1.0]], [[1.0], [3.0]])
        tensor(1.5000)

    Reference:
        ``keras.metrics.MeanAbsoluteError``.
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return mean_absolute_error(y_true, y_pred)


@named("mean_absolute_percentage_error", "mape")
class MeanAbsolutePercentageError(MeanMetric):
    """Mean of relative differences in percent: 100 · mean |y − ŷ| / max(|y|, ε).

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [3.0]])
        tensor(37.5000)

    Reference:
        ``keras.metrics.MeanAbsolutePercentageError``.
    """

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return mean_absolute_percentage_error(y_true, y_pred)


@named("mean_squared_logarithmic_error", "msle")
class MeanSquaredLogarithmicError(MeanMetric):
    """Mean of squared differences of logarithms: mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))².

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> MeanSquaredLogarithmicError()([[1.0], [3.0]], [[3.0], [1.0]])
        tensor(0.4805)

    Reference:
        ``keras.metrics.MeanSquaredLogarithmicError``.
    """

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return mean_squared_logarithmic_error(y_true, y_pred)


@named("log_cosh_error", "log_cosh")
class LogCoshError(MeanMetric):
    """Logarithm of the hyperbolic cosine of the error: mean ln cosh(ŷ − y).

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Example:
        >>> LogCoshError()([[0.0]], [[1.0]])
        tensor(0.4338)

    Reference:
        ``keras.metrics.LogCoshError``.
    """

    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the error of each sample."""
        return log_cosh(y_true, y_pred)


class CosineSimilarity(MeanMetric):
    """Cosine of the angle between target and prediction: mean Σ y·ŷ / (‖y‖ ‖ŷ‖); 1 is the best value.

    Args:
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.
        axis: The axis of the vectors.

    Example:
        >>> CosineSimilarity()([[3.0, 4.0]], [[3.0, -4.0]])
        tensor(-0.2800)

    Reference:
        ``keras.metrics.CosineSimilarity``. The *loss* of the same name has the other sign.
    """

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the cosine of each sample."""
        return -cosine_similarity(y_true, y_pred, self.axis)
