"""Categorical focal cross-entropy: well-classified samples count less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import refusal, require_flag, require_integer, require_number
from kplug.losses.base.alignment import ArrayLike
from kplug.losses.base.checks import SOFTMAX_HINT, require_range
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.powers import power_of_share, require_gamma
from kplug.losses.binary import require_smoothing, smooth_labels
from kplug.losses.categorical import prepare_one_hot
from kplug.registry import Range, metric_named, search_ranges

_OWNER = "categorical_focal_crossentropy"


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the values of `CategoricalFocalCrossentropy` before the reduction, shape (N, …).

    The arguments are those of the class.
    """
    targets, predictions, classes = prepare_one_hot(y_true, y_pred, axis, _OWNER)
    targets = smooth_labels(targets, label_smoothing, classes, _OWNER)
    shares = predictions.softmax(axis) if from_logits else predictions
    smallest = epsilon()
    shares = (shares / shares.sum(axis, keepdim=True)).clamp(smallest, 1.0 - smallest)
    fading = power_of_share(1.0 - shares, require_gamma(_OWNER, gamma))
    weights = _weigh_classes(_require_weights(alpha), classes, axis, predictions)
    return -(weights * fading * targets * shares.log()).sum(axis)


def _require_weights(alpha: Any) -> float | list[float]:
    allowed = "a finite number >= 0, or a list with one for each class"
    if isinstance(alpha, str) or not hasattr(alpha, "__len__") or getattr(alpha, "shape", 0) == ():
        return require_number(_OWNER, "alpha", alpha, allowed, at_least=0.0)
    numbers = alpha.tolist() if hasattr(alpha, "tolist") else list(alpha)
    if not numbers:
        raise refusal(_OWNER, "alpha", alpha, allowed)
    return [require_number(_OWNER, "alpha", number, allowed, at_least=0.0) for number in numbers]


def _weigh_classes(
    alpha: float | list[float], classes: int, axis: int, predictions: Tensor
) -> float | Tensor:
    if isinstance(alpha, float):
        return alpha
    if len(alpha) not in (1, classes):
        raise refusal(_OWNER, "alpha", alpha, f"one number, or {classes}: one for each class")
    shape = [1] * predictions.ndim
    shape[axis] = len(alpha)
    is_copied = predictions.is_cuda  # from pinned memory, as other copies synchronize with the GPU
    weights = torch.tensor(alpha, dtype=predictions.dtype, pin_memory=is_copied)
    return weights.to(predictions.device, non_blocking=True).reshape(shape)


@metric_named("categorical_focal_crossentropy")
@search_ranges(gamma=Range(0.0, 5.0))
class CategoricalFocalCrossentropy(FormulaLoss, formula=categorical_focal_crossentropy):
    """Cross-entropy of exclusive classes in which well-classified samples count less.

    L = −Σ α(1 − ŷ)^γ y ln ŷ over ``axis`` of (N, …, C), C > 1, then by ``reduction``.
    Probabilities, and those of logits, are divided by their sum and clipped to [ε, 1 − ε],
    where ε is ``kplug.backend.epsilon()``.

    Args:
        alpha: α ≥ 0, one number or one for each class.
        gamma: γ ≥ 0; 0 is plain cross-entropy, times α.
        from_logits: Whether predictions are logits, ŷ = softmax(y_pred).
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/C for C classes.
        axis: The axis of the classes.
        reduction, name, dtype: See `Loss`.

    Raises:
        ArgumentValueError: if ``alpha``, ``gamma`` or ``label_smoothing`` is out of range; when
            called, if ``alpha`` has another number of classes.
        DataError: at the first call, for negative probabilities.

    Example:
        >>> loss = CategoricalFocalCrossentropy(alpha=[1.0, 2.0])
        >>> loss([[0.0, 1.0]], [[0.5, 0.5]])
        tensor(0.3466)

    Reference:
        T.-Y. Lin et al., "Focal loss for dense object detection", 2017;
        ``keras.losses.CategoricalFocalCrossentropy``, which takes the class count of the smoothing,
        and the place of the α of each class, from the last axis even if ``axis`` is another.
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = _OWNER,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = _require_weights(alpha)
        self.gamma = require_gamma(_OWNER, gamma)
        self.from_logits = require_flag(_OWNER, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _OWNER)
        self.axis = require_integer(_OWNER, "axis", axis, "an integer")

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Refuse negative probabilities; the rest is divided by its sum."""
        if not self.from_logits:
            require_range(_OWNER, "y_pred", y_pred, 0.0, math.inf, SOFTMAX_HINT)
