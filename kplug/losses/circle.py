"""Circle loss: pulls embeddings of a class together, pushes other classes away."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.components.arguments import require_flag, require_number
from kplug.errors import DataError
from kplug.losses.base.alignment import ArrayLike, as_predictions, as_tensor
from kplug.losses.base.formula import FormulaLoss

_OWNER = "circle"


def circle(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ref_labels: ArrayLike = None,
    ref_embeddings: ArrayLike = None,
    remove_diagonal: bool = True,
    gamma: float = 80.0,
    margin: float = 0.4,
) -> Tensor:
    """Return the values of `Circle` before the reduction, shape (N,).

    ``ref_labels`` of shape (M,) or (M, 1) and ``ref_embeddings`` of shape (M, D) are references that replace
    the batch itself in the comparison. Other arguments are those of the class.
    """
    embeddings = as_predictions(y_pred, owner=_OWNER)
    labels = _as_labels(y_true, "y_true", embeddings)
    if (ref_labels is None) != (ref_embeddings is None):
        raise DataError(
            f"{_OWNER}: references need both ref_labels and ref_embeddings",
            hint="Give both, or neither to compare the batch with itself.",
        )
    others, other_labels = embeddings, labels
    if ref_embeddings is not None:
        others = as_predictions(ref_embeddings, embeddings.dtype, _OWNER).to(embeddings.device)
        other_labels = _as_labels(ref_labels, "ref_labels", others)
        if others.shape[1] != embeddings.shape[1]:
            raise DataError(
                f"{_OWNER}: ref_embeddings has shape {tuple(others.shape)} and y_pred has shape "
                f"{tuple(embeddings.shape)}; both must be embeddings of one length",
                hint="Compute the references with the same model.",
            )
    distances = (1.0 - embeddings @ others.T).clamp(min=0.0)
    is_same = labels.unsqueeze(1) == other_labels
    is_other = ~is_same
    if remove_diagonal:
        is_same = is_same & ~torch.eye(*is_same.shape, dtype=torch.bool, device=is_same.device)
    sharpness = require_number(_OWNER, "gamma", gamma, "a finite number >= 0", at_least=0.0)
    return _score(distances, is_same, is_other, sharpness, _require_margin(margin))


def _score(
    distances: Tensor, is_same: Tensor, is_other: Tensor, gamma: float, margin: float
) -> Tensor:
    # max(m + d, 0) and not m + d: the margin may be negative.
    near = gamma * (margin + distances).clamp(min=0.0) * (distances - margin)
    far = gamma * (1.0 + margin - distances).clamp(min=0.0) * (1.0 - margin - distances)
    has_both = is_same.any(1) & is_other.any(1)
    total = _log_sum(near, is_same, has_both) + _log_sum(far, is_other, has_both)
    # 0 times the distances, so that a NaN propagates.
    return torch.where(has_both, F.softplus(total, threshold=50.0), distances.detach().sum(1) * 0.0)


def _log_sum(exponents: Tensor, counts: Tensor, has_both: Tensor) -> Tensor:
    # A row of only -inf has a gradient of NaN; such a row, whose loss is 0, keeps its numbers here.
    is_kept = counts | ~has_both.unsqueeze(1)
    return torch.logsumexp(exponents.masked_fill(~is_kept, -torch.inf), dim=1)


def _as_labels(labels: ArrayLike, argument: str, embeddings: Tensor) -> Tensor:
    given = as_tensor(labels, _OWNER, argument)
    flat = given.squeeze(1) if given.ndim == 2 and given.shape[1] == 1 else given
    if embeddings.ndim != 2 or flat.shape != embeddings.shape[:1]:
        raise DataError(
            f"{_OWNER}: {argument} has shape {tuple(given.shape)} and the embeddings have shape "
            f"{tuple(embeddings.shape)}; class ids of shape (N,) and embeddings of shape (N, D) are "
            "needed",
            hint="Give one class id for each embedding.",
        )
    return flat.to(device=embeddings.device, dtype=torch.int64)


def _require_margin(margin: object) -> float:
    return require_number(_OWNER, "margin", margin)


class Circle(FormulaLoss, formula=circle):
    """Circle loss: embeddings of one class close together, those of others far apart.

    L = ln(1 + Σ exp(γ a₋(1 − m − d)) · Σ exp(γ a₊(d − m))) for each embedding, then by ``reduction``.
    d = max(1 − z·r, 0) is the cosine distance to another embedding of the batch; the first sum runs
    over those of other classes, with a₋ = max(1 + m − d, 0), the second over those of the same class,
    with a₊ = m + d. Embeddings whose loss is 0, such as those without a partner, are left out of the
    mean.

    Args:
        gamma: γ ≥ 0, how sharply hard pairs count more.
        margin: m, finite.
        remove_diagonal: Whether an embedding is not compared with itself.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if targets are not of shape (N,) and predictions of shape (N, D).

    Example:
        >>> Circle(gamma=1.0)([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
        tensor(0.6484)

    Reference:
        Y. Sun et al., "Circle loss: a unified perspective of pair similarity optimization", 2020;
        ``keras.losses.Circle``. The gradient of an embedding without a partner is 0.
    """

    takes_class_ids = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.gamma = require_number(_OWNER, "gamma", gamma, "a finite number >= 0", at_least=0.0)
        self.margin = _require_margin(margin)
        self.remove_diagonal = require_flag(_OWNER, "remove_diagonal", remove_diagonal)

    @property
    def masks_values(self) -> bool:
        """True: losses of 0 are excluded from the mean."""
        return True

    def find_mask(self, y_true: Tensor, y_pred: Tensor, values: Tensor) -> Tensor | None:  # noqa: ARG002  # the contract
        """Return where the loss is above 0."""
        return values > 0.0
