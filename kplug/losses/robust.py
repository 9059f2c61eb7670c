"""Regression losses that grow linearly far out: Huber and log-cosh."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from kplug.components.arguments import require_number
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.reduction import can_fuse
from kplug.registry import Range, metric_named, named, search_ranges

_LN2 = math.log(2.0)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Tensor:
    """Return the values of `Huber` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    targets, predictions = prepare(y_true, y_pred, "huber")
    return F.huber_loss(predictions, targets, "none", _require_delta(delta)).mean(-1)


def _require_delta(delta: object) -> float:
    return require_number("huber", "delta", delta, "a finite number > 0", above=0.0)


@named("huber", "huber_loss")
@metric_named("huber", "huber_loss")
@search_ranges(delta=Range(0.1, 10.0, log=True))
class Huber(FormulaLoss, formula=huber):
    """Squared for small errors, absolute for large ones.

    L = mean (½e² if |e| ≤ δ else δ|e| − ½δ²), e = ŷ − y, over the last axis of (N, …, D) and then by
    ``reduction``.

    Args:
        delta: δ, where the parabola ends; a finite number > 0.
        reduction, name, dtype: See `Loss`.

    Example:
        >>> Huber(delta=2.0)([[0.0, 0.0]], [[1.0, 3.0]])
        tensor(2.2500)

    Reference:
        P. J. Huber, "Robust estimation of a location parameter", 1964; ``keras.losses.Huber``.
        Keras 2.3's ``huber_loss`` did not average over the last axis.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.delta = _require_delta(delta)

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if not can_fuse(y_true, y_pred):
            return super().batch_mean(y_true, y_pred)
        return F.huber_loss(y_pred, y_true, delta=self.delta)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `LogCosh` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "log_cosh")
    error = predictions - targets
    # cosh overflows above 89 in float32. softplus is linear above its threshold, by default 20, which
    # would cost float64 eight digits.
    return (error + F.softplus(-2.0 * error, threshold=50.0) - _LN2).mean(-1)


class LogCosh(FormulaLoss, formula=log_cosh):
    """Logarithm of the hyperbolic cosine of the error.

    L = mean ln cosh(ŷ − y), over the last axis of (N, …, D) and then by ``reduction``: about ½e² for small
    errors and |e| − ln 2 for large ones.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> LogCosh()([[0.0]], [[1.0]])
        tensor(0.4338)

    Reference:
        ``keras.losses.LogCosh``.
    """
