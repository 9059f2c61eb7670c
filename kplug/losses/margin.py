"""Maximum-margin losses: labels −1 and 1 (or 0 and 1), predictions on either side of 0."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.loss import Loss


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Margin that is missing to 1: mean max(1 − y·ŷ, 0) over the last axis.

    Args:
        y_true: Labels −1 or 1, shape (N, …, D). If every label of the batch is 0 or 1, 0 counts as −1.
        y_pred: Predictions, shape (N, …, D).

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> hinge([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        tensor([1.1000, 1.5000])
    """
    targets, predictions = prepare(y_true, y_pred, "hinge")
    return _missing_margin(targets, predictions).mean(-1)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Square of the missing margin: mean max(1 − y·ŷ, 0)² over the last axis.

    Args:
        y_true: Labels −1 or 1, shape (N, …, D). If every label of the batch is 0 or 1, 0 counts as −1.
        y_pred: Predictions, shape (N, …, D).

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> squared_hinge([[0.0, 1.0]], [[0.6, 0.4]])
        tensor([1.4600])
    """
    targets, predictions = prepare(y_true, y_pred, "squared_hinge")
    return _missing_margin(targets, predictions).square().mean(-1)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Margin of the true class over the best wrong one: max(0, max((1 − y)·ŷ) − Σ y·ŷ + 1).

    Args:
        y_true: One-hot classes, shape (N, …, classes).
        y_pred: Scores, shape (N, …, classes).

    Returns:
        Shape (N, …).

    Raises:
        DataError: if the shapes differ.

    Example:
        >>> categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]])
        tensor([1.1000])
    """
    targets, predictions = prepare(
        y_true,
        y_pred,
        "categorical_hinge",
        "categorical_hinge takes one-hot targets: kplug.utils.to_categorical(y_true, num_classes).",
    )
    own = (targets * predictions).sum(-1)
    best_other = ((1.0 - targets) * predictions).amax(-1)
    return (best_other - own + 1.0).clamp(min=0.0)


def _missing_margin(targets: Tensor, predictions: Tensor) -> Tensor:
    # torch.where and no `if`: reading the answer would make every step wait for the device.
    is_zero_or_one = ((targets == 0) | (targets == 1)).all()
    signs = torch.where(is_zero_or_one, 2.0 * targets - 1.0, targets)
    return (1.0 - signs * predictions).clamp(min=0.0)


class Hinge(Loss):
    """Margin that is missing to 1.

    L = mean max(1 − y·ŷ, 0), over the last axis and then by ``reduction``. Labels are −1 and 1; if
    every label of the batch is 0 or 1, y becomes 2y − 1.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> Hinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        tensor(1.3000)

    Reference:
        ``keras.losses.Hinge``; Keras 2 takes 0 and 1 as they are.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `hinge`."""
        return hinge(y_true, y_pred)


class SquaredHinge(Loss):
    """Square of the margin that is missing to 1.

    L = mean max(1 − y·ŷ, 0)², over the last axis and then by ``reduction``. Labels as in `Hinge`.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> SquaredHinge()([[0.0, 1.0]], [[0.6, 0.4]])
        tensor(1.4600)

    Reference:
        ``keras.losses.SquaredHinge``; Keras 2 takes 0 and 1 as they are.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `squared_hinge`."""
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(Loss):
    """Margin of the true class over the best wrong one.

    L = max(0, max((1 − y)·ŷ) − Σ y·ŷ + 1) for each sample, then by ``reduction``.

    Args:
        reduction: See `Loss`.
        name: Label of the loss in logs.
        dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes differ.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]])
        tensor(1.1000)

    Reference:
        ``keras.losses.CategoricalHinge``.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return `categorical_hinge`."""
        return categorical_hinge(y_true, y_pred)
