"""Cosine similarity between target and prediction."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_integer
from kplug.losses.base.alignment import ArrayLike, prepare, require_axis
from kplug.losses.base.formula import FormulaLoss
from kplug.registry import metric_named, named


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Return the values of `CosineSimilarity` before the reduction, shape (N, …); 0 for a vector of zeros."""
    targets, predictions = prepare(y_true, y_pred, "cosine_similarity")
    require_axis("cosine_similarity", axis, predictions)
    smallest = epsilon()
    unit_targets = F.normalize(targets, dim=axis, eps=smallest)
    unit_predictions = F.normalize(predictions, dim=axis, eps=smallest)
    return -(unit_targets * unit_predictions).sum(axis)


@named("cosine_similarity", "cosine_proximity", "cosine")
@metric_named("cosine_proximity", "cosine")
class CosineSimilarity(FormulaLoss, formula=cosine_similarity):
    """Negative cosine of the angle between target and prediction.

    L = −Σ y·ŷ / (max(‖y‖, ε) max(‖ŷ‖, ε)) along ``axis`` of (N, …, D), then by ``reduction``; ε is
    ``kplug.backend.epsilon()``. −1 is the best value.

    Args:
        axis: The axis of the vectors.
        reduction, name, dtype: See `Loss`.

    Example:
        >>> CosineSimilarity()([[1.0, 1.0]], [[2.0, 2.0]])
        tensor(-1.0000)

    Reference:
        ``keras.losses.CosineSimilarity``; Keras 2 calls it ``cosine_proximity``. The *metric* of the
        same name has the other sign.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = require_integer("cosine_similarity", "axis", axis, "an integer")
