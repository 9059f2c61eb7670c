"""Losses whose targets or axes differ from kplug's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytorch_optimizer
import torch
from torch import Tensor, nn

from kplug import channels_first


class ClassIds(nn.Module):
    """Mixin of losses on class ids, first in the MRO: converts one-hot targets and ids of any type."""

    class_axis: ClassVar[int] = 1

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Any:
        """Return the library's value; 0 for no samples."""
        if not len(y_pred):
            return y_pred.sum()
        if getattr(self, "mode", "multiclass") == "multiclass":
            y_true = self._find_ids(y_pred, y_true)
        return super().forward(y_pred, y_true)  # of the other base

    def _find_ids(self, y_pred: Tensor, y_true: Tensor) -> Tensor:
        if y_true.shape == y_pred.shape:
            return y_true.argmax(self.class_axis)
        if y_true.ndim == y_pred.ndim:
            y_true = y_true.squeeze(self.class_axis)
        return y_true.long()


class Values(nn.Module):
    """Mixin of losses, first in the MRO: converts targets to the predictions' shape and type."""

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Any:
        """Return the library's value; 0 for no samples."""
        if not len(y_pred):
            return y_pred.sum()
        return super().forward(y_pred, y_true.to(y_pred.dtype))


class BiTemperedLogisticLoss(ClassIds, pytorch_optimizer.BiTemperedLogisticLoss):
    """Bi-tempered logistic loss for multiclass logits, classes on the last axis."""

    class_axis = -1


@channels_first
class DiceLoss(ClassIds, pytorch_optimizer.DiceLoss):
    """Dice loss for binary, multiclass or multilabel segmentation."""


class FocalCosineLoss(ClassIds, pytorch_optimizer.FocalCosineLoss):
    """Cosine embedding and focal loss for multiclass logits."""


@channels_first
class JaccardLoss(ClassIds, pytorch_optimizer.JaccardLoss):
    """Jaccard loss for binary, multiclass or multilabel segmentation."""


class LDAMLoss(ClassIds, pytorch_optimizer.LDAMLoss):
    """Label-distribution-aware margin loss for multiclass logits.

    Args:
        num_class_list: Number of samples of each class.
        max_m: Largest margin.
        weight: Weight of each class.
        s: Factor of the logits.
    """

    def __init__(
        self,
        num_class_list: list[int],
        max_m: float = 0.5,
        weight: Sequence[float] | None = None,
        s: float = 30.0,
    ) -> None:
        weights = None if weight is None else torch.as_tensor(weight)
        super().__init__(num_class_list, max_m, weights, s)


class BCEFocalLoss(Values, pytorch_optimizer.BCEFocalLoss):
    """Binary focal loss for probabilities, with optional label smoothing."""


class BCELoss(Values, pytorch_optimizer.BCELoss):
    """Binary cross entropy for probabilities, with optional label smoothing."""


class BinaryBiTemperedLogisticLoss(Values, pytorch_optimizer.BinaryBiTemperedLogisticLoss):
    """Bi-tempered logistic loss for binary predictions."""


class FocalLoss(Values, pytorch_optimizer.FocalLoss):
    """Binary focal loss for logits."""


class FocalTverskyLoss(Values, pytorch_optimizer.FocalTverskyLoss):
    """Focal Tversky loss for binary segmentation logits."""


class LovaszHingeLoss(Values, pytorch_optimizer.LovaszHingeLoss):
    """Binary Lovasz hinge loss."""


class SoftF1Loss(Values, pytorch_optimizer.SoftF1Loss):
    """Soft F-beta loss for binary prediction probabilities."""


class TverskyLoss(Values, pytorch_optimizer.TverskyLoss):
    """Tversky loss for binary segmentation logits."""
