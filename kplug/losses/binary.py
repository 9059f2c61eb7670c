"""Binary cross-entropy, from probabilities or from logits."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_flag, require_integer, require_share
from kplug.losses.base.alignment import REDUCED_TYPES, ArrayLike, prepare, require_axis
from kplug.losses.base.checks import SIGMOID_HINT, require_range
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.reduction import can_fuse
from kplug.registry import named

_OWNER = "binary_crossentropy"
_ADVICE = (
    "Give one target in [0, 1] for each output; for several exclusive classes use "
    "categorical_crossentropy, or sparse_categorical_crossentropy with class ids."
)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the values of `BinaryCrossentropy` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    targets, predictions = prepare(y_true, y_pred, _OWNER, _ADVICE)
    if predictions.dtype in REDUCED_TYPES:  # where 1 - epsilon rounds to 1, whose logit is infinite
        values = binary_crossentropy(
            targets.float(), predictions.float(), from_logits, label_smoothing, axis
        )
        return values.to(predictions.dtype)
    require_axis(_OWNER, axis, predictions)
    targets = smooth_labels(targets, label_smoothing, 2, _OWNER)
    logits = predictions if from_logits else _as_logits(predictions)
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(axis)


def _as_logits(probabilities: Tensor) -> Tensor:
    # ln(p / (1 - p)) of the clipped p, one kernel. torch's own binary_cross_entropy raises for NaN (on a
    # GPU it aborts the context), before training can report the step at which the loss became NaN.
    return torch.logit(probabilities, epsilon())


def smooth_labels(targets: Tensor, label_smoothing: float, classes: int, owner: str) -> Tensor:
    """Return y(1 − α) + α / classes.

    Raises:
        ArgumentValueError: if α is not in [0, 1].
    """
    if label_smoothing == 0.0:
        return targets
    alpha = require_smoothing(label_smoothing, owner)
    return targets * (1.0 - alpha) + alpha / classes


def require_smoothing(label_smoothing: object, owner: str) -> float:
    """Return the label smoothing as a float.

    Raises:
        ArgumentValueError: if it is no number in [0, 1].
    """
    return require_share(owner, "label_smoothing", label_smoothing)


@named("binary_crossentropy", "bce")
class BinaryCrossentropy(FormulaLoss, formula=binary_crossentropy):
    """Cross-entropy of independent binary labels.

    L = mean −[y ln ŷ + (1 − y) ln(1 − ŷ)], over ``axis`` of (N, …, D) and then by ``reduction``, for targets
    in [0, 1]. Probabilities are clipped to [ε, 1 − ε], where ε is ``kplug.backend.epsilon()``, so that a
    value is at most 16.12 in float32; logits are not clipped.

    Args:
        from_logits: Whether predictions are logits, ŷ = sigmoid(y_pred).
        label_smoothing: α in [0, 1]: y becomes y(1 − α) + α/2.
        axis: The axis of the mean.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: at the first call, for targets or probabilities outside [0, 1], which clipping would
            leave without a gradient.

    Example:
        >>> BinaryCrossentropy()([1.0, 0.0], [[0.5], [0.5]])
        tensor(0.6931)

    Reference:
        ``keras.losses.BinaryCrossentropy``; ``torch.nn.BCELoss`` bounds the logarithms at −100 instead
        of clipping, and raises for NaN.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = require_flag(_OWNER, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _OWNER)
        self.axis = require_integer(_OWNER, "axis", axis, "an integer")

    def check_targets(self, y_true: Tensor) -> None:
        """Refuse targets outside [0, 1]."""
        require_range(_OWNER, "y_true", y_true, hint=_ADVICE)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse targets and probabilities outside [0, 1], and a missing axis."""
        require_axis(_OWNER, self.axis, y_pred)
        self.check_targets(y_true)
        if not self.from_logits:
            require_range(_OWNER, "y_pred", y_pred, hint=SIGMOID_HINT)

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean by torch's fused kernel."""
        if not can_fuse(y_true, y_pred) or y_pred.dtype in REDUCED_TYPES:
            return super().batch_mean(y_true, y_pred)
        targets = smooth_labels(y_true, self.label_smoothing, 2, _OWNER)
        logits = y_pred if self.from_logits else _as_logits(y_pred)
        return F.binary_cross_entropy_with_logits(logits, targets)
