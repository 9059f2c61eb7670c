"""Top-k accuracies: the true class is among the k best scores."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kplug.backend import to_dtype
from kplug.backend.reductions import argmax
from kplug.components.arguments import require_flag, require_integer
from kplug.losses.base.alignment import ArrayLike, as_tensor, shape_error
from kplug.metrics.accuracy import squeeze_ids, warn_of_fraction
from kplug.metrics.base.mean import MeanMetric
from kplug.registry import named


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Tensor:
    """Return 1 for each sample that `TopKCategoricalAccuracy` counts as right, else 0; shape (N, …)."""
    metric = TopKCategoricalAccuracy(k)
    predictions = as_tensor(y_pred, metric.name, "y_pred")
    targets = as_tensor(y_true, metric.name, "y_true").to(predictions.device)
    return metric.call(targets, predictions).to(to_dtype(None))


def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """Return 1 for each sample that `SparseTopKCategoricalAccuracy` counts as right, else 0; shape (N, …)."""
    metric = SparseTopKCategoricalAccuracy(k, from_sorted_ids=from_sorted_ids)
    predictions = as_tensor(y_pred, metric.name, "y_pred")
    targets = as_tensor(y_true, metric.name, "y_true").to(predictions.device)
    return metric.call(targets, predictions).to(to_dtype(None))


@named("top_k_categorical_accuracy")
class TopKCategoricalAccuracy(MeanMetric, formula=top_k_categorical_accuracy):
    """Share of samples whose true class is among the k best scores, with one-hot targets.

    a = mean [fewer than k scores exceed ŷ[argmax y]], so that ties count as hits.

    Args:
        k: How many of the best scores count; an integer ≥ 1.
        name, dtype: See `Metric`.

    Example:
        >>> metric = TopKCategoricalAccuracy(k=2)
        >>> metric([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.4, 0.05, 0.3]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.TopKCategoricalAccuracy``.
    """

    direction = "max"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.k = require_integer(self, "k", k, "an integer >= 1", at_least=1)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each true class is among the best."""
        if y_true.shape != y_pred.shape:
            raise shape_error("top_k_categorical_accuracy", y_true, y_pred)
        return _is_among_best(argmax(y_true), y_pred, self.k)


@named("sparse_top_k_categorical_accuracy")
class SparseTopKCategoricalAccuracy(MeanMetric, formula=sparse_top_k_categorical_accuracy):
    """Share of samples whose true class is among the k best scores, with class ids as targets.

    a = mean [fewer than k scores exceed ŷ[y]], so that ties count as hits.

    Args:
        k: How many of the best scores count; an integer ≥ 1.
        name, dtype: See `Metric`.
        from_sorted_ids: Whether predictions are the ids of the best classes, best first, instead of
            scores; the first k count.

    Example:
        >>> metric = SparseTopKCategoricalAccuracy(k=2)
        >>> metric([2, 1], [[0.1, 0.9, 0.8], [0.4, 0.05, 0.3]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.SparseTopKCategoricalAccuracy``.
    """

    direction = "max"
    aligns_ranks = False

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = require_integer(self, "k", k, "an integer >= 1", at_least=1)
        self.from_sorted_ids = require_flag(self, "from_sorted_ids", from_sorted_ids)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of targets that are no class ids."""
        warn_of_fraction(self.name, y_true)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each true class is among the best."""
        ids = squeeze_ids(y_true, y_pred, "sparse_top_k_categorical_accuracy")
        if self.from_sorted_ids:
            return (y_pred[..., : self.k] == ids.unsqueeze(-1)).any(-1)
        return _is_among_best(ids.long(), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; ``from_sorted_ids`` only if it is set, as Keras."""
        config = super().get_config()
        if not self.from_sorted_ids:
            del config["from_sorted_ids"]
        return config


def _is_among_best(ids: Tensor, scores: Tensor, k: int) -> Tensor:
    # Counting the better scores needs no sort, and treats ties as Keras does.
    known = ids.clamp(0, scores.shape[-1] - 1)
    own = scores.gather(-1, known.unsqueeze(-1))
    is_found = own.squeeze(-1).isfinite() & (known == ids)  # an invalid id is never found
    return ((scores > own).sum(-1) < k) & is_found
