"""Shares of samples whose true class is among the k best scores."""

from __future__ import annotations

from torch import Tensor

from kplug.configurable import require_integer
from kplug.errors import ArgumentValueError
from kplug.losses.alignment import shape_error
from kplug.metrics.accuracy import squeeze_ids
from kplug.metrics.mean import MeanMetric


class TopKCategoricalAccuracy(MeanMetric):
    """Share of samples whose true class is among the k best scores, with one-hot targets.

    a = mean [fewer than k scores exceed ŷ[argmax y]], so that ties count as hits.

    Args:
        k: How many scores are looked at; an integer ≥ 1.
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ArgumentValueError: if ``k`` is out of range.

    Example:
        >>> metric = TopKCategoricalAccuracy(k=2)
        >>> metric([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.4, 0.05, 0.3]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.TopKCategoricalAccuracy``.
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.k = _require_k(self, k)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each true class is among the best."""
        if y_true.shape != y_pred.shape:
            raise shape_error("top_k_categorical_accuracy", y_true, y_pred)
        return _is_among_best(y_true.argmax(-1), y_pred, self.k)


class SparseTopKCategoricalAccuracy(MeanMetric):
    """Share of samples whose true class is among the k best scores, with class ids as targets.

    a = mean [fewer than k scores exceed ŷ[y]], so that ties count as hits.

    Args:
        k: How many scores are looked at; an integer ≥ 1.
        name: Label in logs and history.
        dtype: Type of the result; None means ``floatx()``.

    Raises:
        ArgumentValueError: if ``k`` is out of range.

    Example:
        >>> metric = SparseTopKCategoricalAccuracy(k=2)
        >>> metric([2, 1], [[0.1, 0.9, 0.8], [0.4, 0.05, 0.3]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.SparseTopKCategoricalAccuracy``.
    """

    aligns_ranks = False

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.k = _require_k(self, k)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each true class is among the best."""
        ids = squeeze_ids(y_true, y_pred, "sparse_top_k_categorical_accuracy")
        return _is_among_best(ids.long(), y_pred, self.k)


def _require_k(owner: object, k: object) -> int:
    number = require_integer(owner, "k", k, "an integer >= 1")
    if number < 1:
        raise ArgumentValueError("top_k_categorical_accuracy", "k", k, "an integer >= 1")
    return number


def _is_among_best(ids: Tensor, scores: Tensor, k: int) -> Tensor:
    # Counting the better ones needs no sort, and treats ties as Keras does. NaN is better than none.
    own = scores.gather(-1, ids.unsqueeze(-1))
    return ((scores > own).sum(-1) < k) & own.squeeze(-1).isfinite()
