"""``keras.metrics`` of Keras 1 and 2: kplug's metrics, and Keras 1's batch-wise ones."""

from __future__ import annotations

from torch import Tensor

from kplug import backend as K, metrics
from kplug_keras2.arguments.aliases import alias_classes
from kplug_keras2.keras import losses
from kplug_keras2.symbolic.connecting import connecting

_aliases = alias_classes(metrics)
_functions = {
    name: connecting(getattr(metrics, name))
    for name in vars(metrics)["__all__"]
    if callable(getattr(metrics, name))
    and not isinstance(getattr(metrics, name), type)
    and name not in ("as_metric", "deserialize", "get", "serialize")
}
_of_losses = {
    name: getattr(losses, name)
    for name in ("cosine_proximity", "cosine_similarity", "kullback_leibler_divergence", "logcosh")
    if hasattr(losses, name)
}
globals().update({**_aliases, **_functions, **_of_losses})
__all__ = [
    *_aliases,
    *_functions,
    *_of_losses,
    "f1score",
    "fbeta_score",
    "fmeasure",
    "fscore",
    "matthews_correlation",
    "precision",
    "recall",
]


def _count(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the numbers of true positives, predicted positives and actual positives."""
    wanted, found = (K.round(K.clip(one, 0.0, 1.0)) for one in (y_true, y_pred))
    return K.sum(wanted * found), K.sum(found), K.sum(wanted)


def precision(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the precision of a batch, as Keras 1 did."""
    hits, found, _ = _count(y_true, y_pred)
    return hits / (found + K.epsilon())


def recall(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the recall of a batch."""
    hits, _, wanted = _count(y_true, y_pred)
    return hits / (wanted + K.epsilon())


def fbeta_score(y_true: Tensor, y_pred: Tensor, beta: float = 1.0) -> Tensor:
    """Return (1 + β²) · p · r / (β² · p + r) of a batch's precision p and recall r.

    Raises:
        ValueError: ``beta`` is negative.
    """
    if beta < 0:
        raise ValueError(f"fbeta_score: beta is {beta}; allowed: 0 and more")
    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    return (1 + beta**2) * p * r / (beta**2 * p + r + K.epsilon())


def fmeasure(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return ``fbeta_score`` with a β of 1."""
    return fbeta_score(y_true, y_pred)


def matthews_correlation(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return the Matthews correlation of a batch's rounded predictions and targets."""
    wanted, found = (K.round(K.clip(one, 0.0, 1.0)) for one in (y_true, y_pred))
    tp, tn = K.sum(wanted * found), K.sum((1 - wanted) * (1 - found))
    fp, fn = K.sum((1 - wanted) * found), K.sum(wanted * (1 - found))
    spread = K.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / (spread + K.epsilon())


f1score = fscore = fmeasure
