"""Intersection over union of classes, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.backend import epsilon, to_dtype
from kplug.backend.indices import find_fraction
from kplug.backend.reductions import argmax
from kplug.components.arguments import refusal, require_flag, require_integer, require_number
from kplug.errors import DataError
from kplug.losses.base.alignment import ArrayLike, as_tensor
from kplug.losses.base.reduction import fit_weights
from kplug.metrics.base.metric import Metric
from kplug.metrics.base.thresholds import require_count
from kplug.registry import named
from kplug.registry.user_warnings import warn

# A confusion matrix of this many classes takes 3 GB.
_MOST_CLASSES = 20_000


@named("iou")
class IoU(Metric):
    """Mean over some classes of intersection over union, TP / (TP + FP + FN).

    Classes that occur neither in targets nor in predictions do not count.

    Args:
        num_classes: C, the number of classes; from 1 to 20,000.
        target_class_ids: The classes to average, each in [0, C).
        name, dtype: See `Metric`.
        ignore_class: A class id of targets to ignore, in or outside [0, C); None for none.
        sparse_y_true: Whether targets are class ids; if not, the class is the argmax over ``axis``.
        sparse_y_pred: The same for predictions.
        axis: The axis of the classes if they are not ids.

    Example:
        >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
        tensor(0.3333)

    Reference:
        ``keras.metrics.IoU``. Keras keeps integers by default, and so truncates sample weights; kplug does
        not. As in Keras, ids outside [0, C) are ignored, and denominators contain ``epsilon()``.
    """

    direction = "max"
    total_cm: Tensor

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.num_classes = _require_count(self, num_classes)
        self.target_class_ids = _require_ids(self, target_class_ids, num_classes)
        if ignore_class is not None:
            ignore_class = require_integer(self, "ignore_class", ignore_class, "None or an integer")
        self.ignore_class = ignore_class
        self.sparse_y_true = require_flag(self, "sparse_y_true", sparse_y_true)
        self.sparse_y_pred = require_flag(self, "sparse_y_pred", sparse_y_pred)
        self.axis = require_integer(self, "axis", axis, "an integer, the axis of the classes")
        self.add_state("total_cm", (num_classes, num_classes), dtype="float64")

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> None:
        """Add class ids, or scores with the classes on ``axis``, for equally many positions."""
        with torch.no_grad():
            predictions = as_tensor(y_pred, self.name, "y_pred")
            targets = as_tensor(y_true, self.name, "y_true").to(predictions.device)
            self.to(predictions.device)
            ids = targets if self.sparse_y_true else self._find_highest(targets, "y_true")
            found = self._find_classes(predictions).reshape(-1)
            self.check_first(ids, found)
            weights = self._expand_weights(sample_weight, ids)
            self._accumulate(ids.reshape(-1).long(), found.long(), weights)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Warn of numbers that are no class ids, and are truncated to such."""
        wrong = find_fraction(y_true)
        if wrong is not None:
            warn(
                f"{self.name}: y_true holds {wrong:.6g}, which is cut to a class id. Give whole numbers, or "
                "sparse_y_true=False with one-hot targets."
            )
        wrong = find_fraction(y_pred)
        if wrong is not None:
            warn(
                f"{self.name}: y_pred holds {wrong:.6g}, which is cut to a class id. For probabilities of "
                "one class use binary_iou, for scores of classes sparse_y_pred=False."
            )

    def _find_classes(self, predictions: Tensor) -> Tensor:
        return predictions if self.sparse_y_pred else self._find_highest(predictions, "y_pred")

    def _find_highest(self, scores: Tensor, argument: str) -> Tensor:
        if not -scores.ndim <= self.axis < scores.ndim:
            raise DataError(
                f"{self.name}: {argument} has shape {tuple(scores.shape)} and no axis {self.axis}",
                hint="axis is that of the classes, -1 for the last.",
            )
        return argmax(scores, self.axis)

    def _expand_weights(self, sample_weight: ArrayLike, ids: Tensor) -> Tensor:
        kind = self.total_cm.dtype
        if sample_weight is None:
            return torch.ones(ids.numel(), dtype=kind, device=ids.device)
        given = as_tensor(sample_weight, self.name, "sample_weight")
        weights = given.to(device=ids.device, dtype=kind)
        if weights.numel() != ids.numel():
            weights = fit_weights(weights, ids, f"{self.name}: sample_weight").expand_as(ids)
        return weights.reshape(-1)

    def _accumulate(self, ids: Tensor, found: Tensor, weights: Tensor) -> None:
        if ids.shape != found.shape:
            raise DataError(
                f"{self.name}: y_true has {ids.numel()} classes and y_pred has {found.numel()}",
                hint="Class ids are the default; say sparse_y_true=False or sparse_y_pred=False for "
                "one-hot targets or scores.",
            )
        classes = self.num_classes
        is_counted = (ids >= 0) & (ids < classes) & (found >= 0) & (found < classes)
        if self.ignore_class is not None:
            is_counted &= ids != self.ignore_class
        cells = torch.where(is_counted, ids * classes + found, 0)
        matrix = torch.zeros(classes * classes, dtype=weights.dtype, device=weights.device)
        matrix.index_add_(0, cells, torch.where(is_counted, weights, torch.zeros_like(weights)))
        self.total_cm.add_(matrix.reshape(classes, classes))

    def result(self) -> Tensor:
        """Return the mean so far, shape (); 0 before the first batch."""
        hits = self.total_cm.diagonal()
        union = self.total_cm.sum(0) + self.total_cm.sum(1) - hits
        hits, union = hits[self.target_class_ids], union[self.target_class_ids]
        is_present = union > 1e-9
        shares = torch.where(is_present, hits / (union + epsilon()), 0.0)
        mean = shares.sum() / (is_present.sum() + epsilon())
        kind = to_dtype(self.dtype)
        return mean.to(kind if kind.is_floating_point else to_dtype(None))


@named("mean_iou")
class MeanIoU(IoU):
    """Mean over all classes of intersection over union, TP / (TP + FP + FN).

    Args:
        num_classes: C, the number of classes; an integer ≥ 1.
        name, dtype: See `Metric`.
        ignore_class, sparse_y_true, sparse_y_pred, axis: See `IoU`.

    Example:
        >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1], sample_weight=[0.3, 0.3, 0.3, 0.1])
        tensor(0.2381)

    Reference:
        ``keras.metrics.MeanIoU``; for the differences see `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        every = range(_require_count(self, num_classes))
        super().__init__(
            num_classes, every, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


@named("binary_iou")
class BinaryIoU(IoU):
    """Intersection over union of class 0, of class 1, or their mean, in binary segmentation.

    A prediction is class 1 where ŷ ≥ threshold.

    Args:
        target_class_ids: The classes to average: (0,), (1,) or (0, 1).
        threshold: Smallest score of class 1; a finite number.
        name, dtype: See `Metric`.

    Example:
        >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        tensor(0.3333)

    Reference:
        ``keras.metrics.BinaryIoU``; for the differences see `IoU`.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        require_number(self, "threshold", threshold)
        self.threshold = threshold

    def _find_classes(self, predictions: Tensor) -> Tensor:
        return predictions.to(torch.float32) >= self.threshold


@named("one_hot_iou")
class OneHotIoU(IoU):
    """`IoU` of one-hot targets (N, …, C), by default against scores of the same shape.

    Args:
        num_classes: C, the number of classes; an integer ≥ 1.
        target_class_ids: The classes whose mean is wanted, each in [0, C).
        name, dtype: See `Metric`.
        ignore_class, sparse_y_pred, axis: See `IoU`.

    Example:
        >>> metric = OneHotIoU(num_classes=3, target_class_ids=[0, 2])
        >>> metric([[0, 0, 1], [1, 0, 0]], [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7]])
        tensor(0.2500)

    Reference:
        ``keras.metrics.OneHotIoU``; for the differences see `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


@named("one_hot_mean_iou")
class OneHotMeanIoU(IoU):
    """`MeanIoU` of one-hot targets (N, …, C), by default against scores of the same shape.

    Args:
        num_classes: C, the number of classes; an integer ≥ 1.
        name, dtype: See `Metric`.
        ignore_class, sparse_y_pred, axis: See `IoU`.

    Example:
        >>> metric = OneHotMeanIoU(num_classes=3)
        >>> metric([[0, 0, 1], [1, 0, 0]], [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7]])
        tensor(0.2500)

    Reference:
        ``keras.metrics.OneHotMeanIoU``; for the differences see `IoU`.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        every = range(_require_count(self, num_classes))
        super().__init__(num_classes, every, name, dtype, ignore_class, False, sparse_y_pred, axis)


def _require_count(owner: IoU, value: object) -> int:
    return require_count(owner, "num_classes", value, 1, most=_MOST_CLASSES)


def _require_ids(owner: IoU, given: Any, classes: int) -> list[int]:
    allowed = f"class ids from 0 to {classes - 1}"
    try:
        ids = [require_integer(owner, "target_class_ids", each, allowed) for each in given]
    except TypeError:
        ids = []
    if not ids or not all(0 <= each < classes for each in ids):
        raise refusal(owner, "target_class_ids", given, allowed)
    return ids
