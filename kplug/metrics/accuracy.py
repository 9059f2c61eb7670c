"""Accuracies: binary, one-hot, class ids, and the one that fits the shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.backend import to_dtype
from kplug.backend.indices import find_fraction
from kplug.backend.reductions import argmax
from kplug.components.arguments import require_number
from kplug.errors import DataError
from kplug.losses.base.alignment import ArrayLike, align_ranks, as_tensor, shape_error
from kplug.losses.base.checks import is_any
from kplug.metrics.base.mean import MeanMetric
from kplug.registry import keras_class, named
from kplug.registry.user_warnings import warn

_USE_SPARSE = "For class ids use sparse_categorical_accuracy."


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Tensor:
    """Return 1 for each prediction that `BinaryAccuracy` counts as right, else 0; shape (N, …)."""
    return _as_numbers(_is_right_binary(*_as_pair(y_true, y_pred, "binary_accuracy"), threshold))


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return 1 for each sample that `CategoricalAccuracy` counts as right, else 0; shape (N, …)."""
    return _as_numbers(_is_right_one_hot(*_as_pair(y_true, y_pred, "categorical_accuracy")))


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return 1 for each sample that `SparseCategoricalAccuracy` counts as right, else 0; shape (N, …)."""
    predictions = as_tensor(y_pred)
    targets = as_tensor(y_true, argument="y_true").to(predictions.device)
    return _as_numbers(_is_right_id(targets, predictions))


class BinaryAccuracy(MeanMetric, formula=binary_accuracy):
    """Share of binary predictions that are right.

    a = mean [y = (ŷ > threshold)].

    Args:
        name, dtype: See `Metric`.
        threshold: Probabilities above it are predictions of label 1; a number in (0, 1).

    Example:
        >>> BinaryAccuracy()([1, 1, 0, 0], [[0.98], [1.0], [0.0], [0.6]])
        tensor(0.7500)

    Reference:
        ``keras.metrics.BinaryAccuracy``; Keras 2 rounds, so that 0.5 is label 0 there too.
    """

    direction = "max"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: str | None = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(name, dtype)
        self.threshold = require_number(
            self, "threshold", threshold, "a number in (0, 1)", above=0.0, below=1.0
        )

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of targets that are no labels."""
        _warn_of_no_label(self.name, y_true)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each prediction is right."""
        return _is_right_binary(y_true, y_pred, self.threshold)


class CategoricalAccuracy(MeanMetric, formula=categorical_accuracy):
    """Share of samples whose best score is the true class, with one-hot targets.

    a = mean [argmax y = argmax ŷ], for one-hot classes and scores of shape (N, …, C).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.CategoricalAccuracy``.
    """

    direction = "max"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each class is right."""
        return _is_right_one_hot(y_true, y_pred)


class SparseCategoricalAccuracy(MeanMetric, formula=sparse_categorical_accuracy):
    """Share of samples whose best score is the true class, with class ids as targets.

    a = mean [y = argmax ŷ], for class ids of shape (N, …) or (N, …, 1) and scores of shape (N, …, C).

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
        tensor(0.5000)

    Reference:
        ``keras.metrics.SparseCategoricalAccuracy``.
    """

    direction = "max"
    aligns_ranks = False

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of targets that are no class ids."""
        warn_of_fraction(self.name, y_true)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each class is right."""
        return _is_right_id(y_true, y_pred)


@keras_class(None)
@named("accuracy", "acc")
class AutoAccuracy(MeanMetric):
    """The accuracy that fits the shapes; ``metrics=["accuracy"]`` means this one.

    a is `BinaryAccuracy` if predictions have one column, or one axis; `SparseCategoricalAccuracy` if
    targets have one column or one axis less; and `CategoricalAccuracy` otherwise. Several binary labels per
    sample have shape (N, D), like one-hot classes: use ``binary_accuracy`` for them.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> AutoAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
        tensor(0.5000)
        >>> AutoAccuracy()([1, 0], [[0.7], [0.6]])
        tensor(0.5000)

    Reference:
        ``compile(metrics=["accuracy"])`` of Keras 3; Keras 2 also considers the loss.
    """

    direction = "max"

    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Warn of targets that are no labels or class ids."""
        if y_true.ndim == y_pred.ndim < 2 or y_pred.shape[-1:] == (1,):
            _warn_of_no_label(self.name, y_true)
        elif _has_ids(y_true, y_pred):
            warn_of_fraction(self.name, y_true)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each prediction is right."""
        if y_true.ndim == y_pred.ndim < 2 or y_pred.shape[-1:] == (1,):
            return _is_right_binary(y_true, y_pred, 0.5)
        if _has_ids(y_true, y_pred):
            return _is_right_id(y_true, y_pred)
        return _is_right_one_hot(y_true, y_pred)


@named("exact_accuracy")
class Accuracy(MeanMetric):
    """Share of predictions that equal the target.

    a = mean [y = ŷ]: for predicted labels, not for probabilities.

    Args:
        name, dtype: See `Metric`.

    Example:
        >>> Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]])
        tensor(0.7500)

    Reference:
        ``keras.metrics.Accuracy``. Its name is ``"exact_accuracy"``: as in Keras,
        ``metrics=["accuracy"]`` means `AutoAccuracy`.
    """

    direction = "max"

    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # the contract
        """Warn of predictions that are no labels."""
        wrong = find_fraction(y_pred)
        if wrong is not None:
            warn(
                f"{self.name}: y_pred holds {wrong:.6g}, and this metric counts predictions that equal their "
                "target. For probabilities use metrics=['accuracy'], by this text, or BinaryAccuracy()."
            )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return whether each label is right."""
        if y_true.shape != y_pred.shape:
            raise shape_error("accuracy", y_true, y_pred)
        return y_true == y_pred


def _as_pair(y_true: ArrayLike, y_pred: ArrayLike, owner: str) -> tuple[Tensor, Tensor]:
    predictions = as_tensor(y_pred, owner, "y_pred")
    targets = as_tensor(y_true, owner, "y_true").to(predictions.device)
    return align_ranks(targets, predictions)


def _is_right_binary(y_true: Tensor, y_pred: Tensor, threshold: float) -> Tensor:
    if y_true.shape != y_pred.shape:
        raise shape_error("binary_accuracy", y_true, y_pred)
    return y_true == (y_pred > threshold)


def _is_right_one_hot(y_true: Tensor, y_pred: Tensor) -> Tensor:
    if y_true.shape != y_pred.shape:
        raise shape_error("categorical_accuracy", y_true, y_pred, _USE_SPARSE)
    return argmax(y_true) == argmax(y_pred)


def _is_right_id(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return squeeze_ids(y_true, y_pred, "sparse_categorical_accuracy") == argmax(y_pred)


def squeeze_ids(y_true: Tensor, y_pred: Tensor, owner: str) -> Tensor:
    """Return class ids of shape (N, …) for scores of shape (N, …, C).

    Raises:
        DataError: if the shapes do not fit.
    """
    if not y_pred.ndim:
        raise DataError(
            f"{owner}: y_pred is one number; it has one score for each class on its last axis",
            hint="Give at least one row, such as [[0.1, 0.9]].",
        )
    ids = y_true
    if ids.ndim == y_pred.ndim and ids.shape[-1] == 1:
        ids = ids.squeeze(-1)
    if ids.shape != y_pred.shape[:-1]:
        raise DataError(
            f"{owner}: y_true has shape {tuple(y_true.shape)} and y_pred has shape "
            f"{tuple(y_pred.shape)}; class ids of shape {tuple(y_pred.shape[:-1])} are needed",
            hint="For one-hot targets use the metric without 'sparse_'.",
        )
    return ids


def _has_ids(y_true: Tensor, y_pred: Tensor) -> bool:
    return y_true.ndim < y_pred.ndim or y_true.shape[-1:] == (1,)


def _warn_of_no_label(owner: str, y_true: Tensor) -> None:
    is_no_label = (y_true != 0) & (y_true != 1)
    if is_any(is_no_label):
        wrong = y_true[is_no_label][0].item()
        warn(
            f"{owner}: y_true holds {wrong:.6g}, and a target other than 0 and 1 counts as "
            "wrong whatever is predicted. For regression use another metric, such as mean_absolute_error."
        )


def warn_of_fraction(owner: str, y_true: Tensor) -> None:
    """Warn of targets with a fraction, which are no class ids."""
    wrong = find_fraction(y_true)
    if wrong is not None:
        warn(
            f"{owner}: y_true holds {wrong:.6g}, which is no class id, so such a sample counts as wrong "
            "whatever is predicted."
        )


def _as_numbers(is_right: Tensor) -> Tensor:
    return is_right.to(to_dtype(None)) if is_right.dtype is torch.bool else is_right
