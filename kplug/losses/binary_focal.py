"""Binary focal cross-entropy: well-classified labels count less."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_flag, require_integer, require_share
from kplug.losses.base.alignment import REDUCED_TYPES, ArrayLike, prepare, require_axis
from kplug.losses.base.checks import SIGMOID_HINT, require_range
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.powers import power_of_share, require_gamma
from kplug.losses.binary import require_smoothing, smooth_labels
from kplug.registry import Range, metric_named, search_ranges

_OWNER = "binary_focal_crossentropy"
_ADVICE = (
    "Give one target in [0, 1] for each output; for several exclusive classes use "
    "categorical_focal_crossentropy."
)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the values of `BinaryFocalCrossentropy` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    targets, predictions = prepare(y_true, y_pred, _OWNER, _ADVICE)
    if predictions.dtype in REDUCED_TYPES:  # where 1 - epsilon rounds to 1, whose logit is infinite
        arguments = (apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis)
        values = binary_focal_crossentropy(targets.float(), predictions.float(), *arguments)
        return values.to(predictions.dtype)
    require_axis(_OWNER, axis, predictions)
    targets = smooth_labels(targets, label_smoothing, 2, _OWNER)
    shares = predictions.sigmoid() if from_logits else predictions
    entropy = F.binary_cross_entropy_with_logits(
        torch.logit(shares, epsilon()), targets, reduction="none"
    )
    missing = 1.0 - (targets * shares + (1.0 - targets) * (1.0 - shares))
    values = power_of_share(missing, require_gamma(_OWNER, gamma)) * entropy
    if apply_class_balancing:
        positive = require_share(_OWNER, "alpha", alpha)
        values = values * (targets * positive + (1.0 - targets) * (1.0 - positive))
    return values.mean(axis)


@metric_named("binary_focal_crossentropy")
@search_ranges(gamma=Range(0.0, 5.0))
class BinaryFocalCrossentropy(FormulaLoss, formula=binary_focal_crossentropy):
    """Binary cross-entropy in which well-classified samples count less.

    L = mean w(1 − p)^γ · BCE(y, ŷ), over ``axis`` of (N, …, D) and then by ``reduction``, where
    p = yŷ + (1 − y)(1 − ŷ) is the probability of the true label, w = yα + (1 − y)(1 − α) with class
    balancing, and 1 without. Inside the logarithm probabilities are clipped to [ε, 1 − ε], where ε is
    ``kplug.backend.epsilon()``.

    Args:
        apply_class_balancing: Whether label 1 is weighted by α and label 0 by 1 − α.
        alpha: α in [0, 1].
        gamma: γ ≥ 0; 0 is plain cross-entropy.
        from_logits: Whether predictions are logits, ŷ = sigmoid(y_pred).
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/2.
        axis: The axis of the mean.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: at the first call, for targets or probabilities outside [0, 1].

    Example:
        >>> BinaryFocalCrossentropy()([1.0, 0.0], [[0.5], [0.5]])
        tensor(0.1733)

    Reference:
        T.-Y. Lin et al., "Focal loss for dense object detection", 2017;
        ``keras.losses.BinaryFocalCrossentropy``. The gradient is finite where that of (1 − p)^γ is
        infinite, with γ < 1; Keras's is NaN there.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = _OWNER,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.apply_class_balancing = require_flag(
            _OWNER, "apply_class_balancing", apply_class_balancing
        )
        self.alpha = require_share(_OWNER, "alpha", alpha)
        self.gamma = require_gamma(_OWNER, gamma)
        self.from_logits = require_flag(_OWNER, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _OWNER)
        self.axis = require_integer(_OWNER, "axis", axis, "an integer")

    def check_targets(self, y_true: Tensor) -> None:
        """Refuse targets outside [0, 1]."""
        require_range(_OWNER, "y_true", y_true, hint=_ADVICE)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse targets and probabilities outside [0, 1]."""
        self.check_targets(y_true)
        if not self.from_logits:
            require_range(_OWNER, "y_pred", y_pred, hint=SIGMOID_HINT)
