"""Hinge losses: labels −1 and 1 (or 0 and 1), margins around 0."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.formula import FormulaLoss


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `Hinge` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "hinge")
    return _missing_margin(targets, predictions).mean(-1)


class Hinge(FormulaLoss, formula=hinge):
    """Margin that is missing to 1.

    L = mean max(1 − y·ŷ, 0), over the last axis of (N, …, D) and then by ``reduction``. Labels are −1 and
    1; if every label of the batch is 0 or 1, y becomes 2y − 1.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> Hinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        tensor(1.3000)

    Reference:
        ``keras.losses.Hinge``; Keras 2 takes 0 and 1 as they are.
    """


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `SquaredHinge` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "squared_hinge")
    return _missing_margin(targets, predictions).square().mean(-1)


class SquaredHinge(FormulaLoss, formula=squared_hinge):
    """Square of the margin that is missing to 1.

    L = mean max(1 − y·ŷ, 0)², over the last axis of (N, …, D) and then by ``reduction``. Labels as in
    `Hinge`.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> SquaredHinge()([[0.0, 1.0]], [[0.6, 0.4]])
        tensor(1.4600)

    Reference:
        ``keras.losses.SquaredHinge``; Keras 2 takes 0 and 1 as they are.
    """


def _missing_margin(targets: Tensor, predictions: Tensor) -> Tensor:
    # torch.where instead of `if`: reading the result would synchronize every step with the device.
    is_zero_or_one = ((targets == 0) | (targets == 1)).all()
    signs = torch.where(is_zero_or_one, 2.0 * targets - 1.0, targets)
    return (1.0 - signs * predictions).clamp(min=0.0)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `CategoricalHinge` before the reduction, shape (N, …)."""
    targets, predictions = prepare(
        y_true,
        y_pred,
        "categorical_hinge",
        "categorical_hinge takes one-hot targets: kplug.utils.to_categorical(y_true, num_classes).",
    )
    own = (targets * predictions).sum(-1)
    best_other = ((1.0 - targets) * predictions).amax(-1)
    return (best_other - own + 1.0).clamp(min=0.0)


class CategoricalHinge(FormulaLoss, formula=categorical_hinge):
    """Margin of the true class over the best wrong one.

    L = max(0, max((1 − y)·ŷ) − Σ y·ŷ + 1) for one-hot classes and scores of shape (N, …, classes), then
    by ``reduction``.

    Args:
        reduction, name, dtype: See `Loss`.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.4, 0.1]])
        tensor(1.1000)

    Reference:
        ``keras.losses.CategoricalHinge``.
    """
