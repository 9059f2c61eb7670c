"""Focal cross-entropies: well-classified samples count less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.arguments import refusal, require_flag, require_integer, require_number
from kplug.backend import epsilon
from kplug.losses.alignment import REDUCED_TYPES, ArrayLike, prepare, require_axis
from kplug.losses.base import Loss
from kplug.losses.binary import require_smoothing, smooth_labels
from kplug.losses.categorical import prepare_one_hot
from kplug.losses.checks import SIGMOID_HINT, SOFTMAX_HINT, require_range
from kplug.losses.powers import power_of_share

_BINARY = "binary_focal_crossentropy"
_CATEGORICAL = "categorical_focal_crossentropy"
_BINARY_ADVICE = (
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
    """Binary cross-entropy that fades for good answers: mean w(1 − p)^γ · BCE(y, ŷ) over ``axis``.

    p = yŷ + (1 − y)(1 − ŷ) is the probability of the true answer; w = yα + (1 − y)(1 − α) with class
    balancing, and 1 without.

    Args:
        y_true: Targets in [0, 1], shape (N, …, D).
        y_pred: Probabilities, clipped to [ε, 1 − ε] inside the logarithm; or logits. Shape (N, …, D).
        apply_class_balancing: Whether answer 1 is weighted by α and answer 0 by 1 − α.
        alpha: α in [0, 1].
        gamma: γ ≥ 0; 0 is plain cross-entropy.
        from_logits: Whether ``y_pred`` holds logits, ŷ = sigmoid(y_pred).
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/2.
        axis: The axis of the mean.

    Returns:
        Shape (N, …).

    Raises:
        ArgumentValueError: if ``alpha``, ``gamma`` or ``label_smoothing`` is out of range.
        DataError: if the shapes differ.

    Example:
        >>> binary_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]])
        tensor([0.1733])
    """
    targets, predictions = prepare(y_true, y_pred, _BINARY, _BINARY_ADVICE)
    if predictions.dtype in REDUCED_TYPES:  # where 1 - epsilon rounds to 1, whose logit is infinite
        arguments = (apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis)
        values = binary_focal_crossentropy(targets.float(), predictions.float(), *arguments)
        return values.to(predictions.dtype)
    require_axis(_BINARY, axis, predictions)
    targets = smooth_labels(targets, label_smoothing, 2, _BINARY)
    shares = predictions.sigmoid() if from_logits else predictions
    entropy = F.binary_cross_entropy_with_logits(
        torch.logit(shares, epsilon()), targets, reduction="none"
    )
    missing = 1.0 - (targets * shares + (1.0 - targets) * (1.0 - shares))
    values = power_of_share(missing, _require_gamma(_BINARY, gamma)) * entropy
    if apply_class_balancing:
        positive = _require_share(alpha)
        values = values * (targets * positive + (1.0 - targets) * (1.0 - positive))
    return values.mean(axis)


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Cross-entropy of exclusive classes that fades for good answers: −Σ α(1 − ŷ)^γ y ln ŷ over ``axis``.

    Args:
        y_true: One-hot classes or a distribution, shape (N, …, C).
        y_pred: Probabilities, divided by their sum and clipped to [ε, 1 − ε]; or logits. Shape
            (N, …, C) with C > 1.
        alpha: α ≥ 0, one number or one for each class.
        gamma: γ ≥ 0; 0 is plain cross-entropy, times α.
        from_logits: Whether ``y_pred`` holds logits, ŷ = softmax(y_pred), clipped as well.
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/C.
        axis: The axis of the classes.

    Returns:
        Shape (N, …).

    Raises:
        ArgumentValueError: if ``alpha``, ``gamma`` or ``label_smoothing`` is out of range.
        DataError: if the shapes differ, or if there is one class only.

    Example:
        >>> categorical_focal_crossentropy([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]], alpha=1.0)
        tensor([0.1733])
    """
    targets, predictions, classes = prepare_one_hot(y_true, y_pred, axis, _CATEGORICAL)
    targets = smooth_labels(targets, label_smoothing, classes, _CATEGORICAL)
    shares = predictions.softmax(axis) if from_logits else predictions
    smallest = epsilon()
    shares = (shares / shares.sum(axis, keepdim=True)).clamp(smallest, 1.0 - smallest)
    fading = power_of_share(1.0 - shares, _require_gamma(_CATEGORICAL, gamma))
    weights = _weigh_classes(_require_weights(alpha), classes, axis, predictions)
    return -(weights * fading * targets * shares.log()).sum(axis)


def _require_gamma(owner: str, gamma: object) -> float:
    return require_number(owner, "gamma", gamma, "a finite number >= 0", at_least=0.0)


def _require_share(alpha: object) -> float:
    return require_number(_BINARY, "alpha", alpha, "a number in [0, 1]", at_least=0.0, at_most=1.0)


def _require_weights(alpha: Any) -> float | list[float]:
    allowed = "a finite number >= 0, or a list with one for each class"
    if isinstance(alpha, str) or not hasattr(alpha, "__len__") or getattr(alpha, "shape", 0) == ():
        return require_number(_CATEGORICAL, "alpha", alpha, allowed, at_least=0.0)
    numbers = alpha.tolist() if hasattr(alpha, "tolist") else list(alpha)
    if not numbers:
        raise refusal(_CATEGORICAL, "alpha", alpha, allowed)
    return [
        require_number(_CATEGORICAL, "alpha", number, allowed, at_least=0.0) for number in numbers
    ]


def _weigh_classes(
    alpha: float | list[float], classes: int, axis: int, predictions: Tensor
) -> float | Tensor:
    if isinstance(alpha, float):
        return alpha
    if len(alpha) not in (1, classes):
        raise refusal(_CATEGORICAL, "alpha", alpha, f"one number, or {classes}: one for each class")
    shape = [1] * predictions.ndim
    shape[axis] = len(alpha)
    return torch.tensor(alpha, dtype=predictions.dtype, device=predictions.device).reshape(shape)


class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy in which well-classified samples count less.

    L = mean w(1 − p)^γ · BCE(y, ŷ), over ``axis`` and then by ``reduction``, where
    p = yŷ + (1 − y)(1 − ŷ) is the probability of the true answer, w = yα + (1 − y)(1 − α) with class
    balancing, and 1 without.

    Args:
        apply_class_balancing: Whether answer 1 is weighted by α and answer 0 by 1 − α.
        alpha: α in [0, 1].
        gamma: γ ≥ 0; 0 is plain cross-entropy.
        from_logits: Whether predictions are logits, ŷ = sigmoid(y_pred).
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/2.
        axis: The axis of the mean.
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        ArgumentValueError: if ``alpha``, ``gamma`` or ``label_smoothing`` is out of range.
        DataError: when called, if the shapes differ; at the first call also for targets or
            probabilities outside [0, 1].

    Example:
        >>> BinaryFocalCrossentropy()([1.0, 0.0], [[0.5], [0.5]])
        tensor(0.1733)

    Reference:
        T.-Y. Lin et al., "Focal loss for dense object detection", 2017;
        ``keras.losses.BinaryFocalCrossentropy``. The gradient is finite where (1 − p)^γ with γ < 1
        has none; Keras's is NaN there.
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
        name: str | None = _BINARY,
        dtype: str | None = None,
    ) -> None:
        self.apply_class_balancing = require_flag(
            _BINARY, "apply_class_balancing", apply_class_balancing
        )
        self.alpha = _require_share(alpha)
        self.gamma = _require_gamma(_BINARY, gamma)
        self.from_logits = require_flag(_BINARY, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _BINARY)
        self.axis = require_integer(_BINARY, "axis", axis, "an integer")
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `binary_focal_crossentropy`."""
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            self.apply_class_balancing,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse targets and probabilities outside [0, 1]."""
        require_range(_BINARY, "y_true", y_true, hint=_BINARY_ADVICE)
        if not self.from_logits:
            require_range(_BINARY, "y_pred", y_pred, hint=SIGMOID_HINT)


class CategoricalFocalCrossentropy(Loss):
    """Cross-entropy of exclusive classes in which well-classified samples count less.

    L = −Σ α(1 − ŷ)^γ y ln ŷ over ``axis``, then by ``reduction``. Probabilities, and those of logits,
    are divided by their sum and clipped to [ε, 1 − ε], where ε is ``kplug.backend.epsilon()``.

    Args:
        alpha: α ≥ 0, one number or one for each class.
        gamma: γ ≥ 0; 0 is plain cross-entropy, times α.
        from_logits: Whether predictions are logits, ŷ = softmax(y_pred).
        label_smoothing: In [0, 1]: y becomes y(1 − s) + s/C for C classes.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        ArgumentValueError: if ``alpha``, ``gamma`` or ``label_smoothing`` is out of range; when
            called, if ``alpha`` has another number of classes.
        DataError: when called, if the shapes differ; at the first call also for negative
            probabilities.

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
        name: str | None = _CATEGORICAL,
        dtype: str | None = None,
    ) -> None:
        self.alpha = _require_weights(alpha)
        self.gamma = _require_gamma(_CATEGORICAL, gamma)
        self.from_logits = require_flag(_CATEGORICAL, "from_logits", from_logits)
        self.label_smoothing = require_smoothing(label_smoothing, _CATEGORICAL)
        self.axis = require_integer(_CATEGORICAL, "axis", axis, "an integer")
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `categorical_focal_crossentropy`."""
        return categorical_focal_crossentropy(
            y_true,
            y_pred,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Refuse negative probabilities; the rest is divided by its sum."""
        if not self.from_logits:
            require_range(_CATEGORICAL, "y_pred", y_pred, 0.0, math.inf, SOFTMAX_HINT)
