"""Cross-entropy with one-hot targets."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_flag, require_integer
from kplug.errors import DataError
from kplug.losses.base.alignment import (
    ArrayLike,
    as_predictions,
    as_targets,
    require_axis,
    shape_error,
)
from kplug.losses.base.checks import SOFTMAX_HINT, is_any, require_range
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.binary import require_smoothing, smooth_labels
from kplug.registry import named

_OWNER = "categorical_crossentropy"


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the values of `CategoricalCrossentropy` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    targets, predictions, classes = prepare_one_hot(y_true, y_pred, axis, _OWNER)
    targets = smooth_labels(targets, label_smoothing, classes, _OWNER)
    if from_logits:
        log_probabilities = F.log_softmax(predictions, axis)
    else:
        smallest = epsilon()
        shares = predictions / predictions.sum(axis, keepdim=True)
        log_probabilities = shares.clamp(smallest, 1.0 - smallest).log()
    return -(targets * log_probabilities).sum(axis)


def prepare_one_hot(
    y_true: ArrayLike, y_pred: ArrayLike, axis: int, owner: str
) -> tuple[Tensor, Tensor, int]:
    """Return one-hot targets and predictions of one shape and type, and the number of classes.

    Raises:
        DataError: if the shapes differ, as they do for class ids, or if there is one class only.
    """
    predictions = as_predictions(y_pred, owner=owner)
    targets = as_targets(y_true, predictions, owner)
    if targets.shape != predictions.shape:
        raise shape_error(owner, targets, predictions, _advise(targets, predictions))
    classes = predictions.shape[require_axis(owner, axis, predictions)]
    if classes == 1:
        raise DataError(
            f"{owner}: y_pred has shape {tuple(predictions.shape)}, which is one class; the loss "
            "of one class is always 0",
            hint="Use binary_crossentropy, or a last layer with one output for each class.",
        )
    return targets, predictions, classes


def _advise(targets: Tensor, predictions: Tensor) -> str | None:
    has_ids = targets.ndim < predictions.ndim or targets.shape[-1] == 1
    if not has_ids:
        return None
    return (
        "These look like class ids: use sparse_categorical_crossentropy, or "
        f"kplug.utils.to_categorical(y_true, num_classes={predictions.shape[-1]})."
    )


@named("categorical_crossentropy", "cce")
class CategoricalCrossentropy(FormulaLoss, formula=categorical_crossentropy):
    """Cross-entropy of exclusive classes, with one-hot targets.

    L = −Σ y ln ŷ over ``axis`` of (N, …, C), C > 1, then by ``reduction``; y may be any distribution.
    Probabilities are divided by their sum and
    clipped to [ε, 1 − ε], where ε is ``kplug.backend.epsilon()``; logits are not clipped.

    Args:
        from_logits: Whether predictions are logits, ŷ = softmax(y_pred).
        label_smoothing: α in [0, 1]: y becomes y(1 − α) + α/C for C classes.
        axis: The axis of the classes.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ, as they do for class ids; at the first call also
            for negative probabilities.

    Example:
        >>> y_true = [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
        >>> y_pred = [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]
        >>> CategoricalCrossentropy()(y_true, y_pred)
        tensor(1.1769)

    Reference:
        ``keras.losses.CategoricalCrossentropy``, which takes the class count of the smoothing from
        the last axis even if ``axis`` is another. ``torch.nn.CrossEntropyLoss`` takes logits.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = require_flag(_OWNER, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _OWNER)
        self.axis = require_integer(_OWNER, "axis", axis, "an integer")

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse negative probabilities, the rest is divided by its sum; warn of several labels."""
        axis = require_axis(_OWNER, self.axis, y_pred)
        if is_any((y_true >= 1.0).sum(axis) > 1):
            self.warn_once(
                f"{self.name}: some samples have several classes with a target of 1, and classes of this "
                "loss exclude one another. For several labels a sample end the model with a sigmoid and use "
                "binary_crossentropy."
            )
        if not self.from_logits:
            require_range(_OWNER, "y_pred", y_pred, 0.0, math.inf, SOFTMAX_HINT)
