"""Adapts torch's loss modules to Keras's argument order and target types."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self

from kplug.backend import snake_case
from kplug.components.configurable import read_config
from kplug.components.layouts import channels_first, has_channels_last
from kplug.errors import ContractError, DataError
from kplug.losses.base.alignment import (
    ArrayLike,
    align_ranks,
    as_class_ids,
    as_predictions,
    shape_error,
)
from kplug.losses.base.function import check_signature
from kplug.losses.base.loss import Loss, require_tensor
from kplug.losses.base.reduction import mean_of, reduce_values

#: The losses under the names ``torch/cross_entropy_loss`` and ``torch/nll_loss``: classes on the last axis.
CrossEntropyLoss = channels_first(nn.CrossEntropyLoss)
NLLLoss = channels_first(nn.NLLLoss)

# These take class ids of type int64.
_TAKES_IDS = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
# These compute a softmax or sigmoids themselves.
_TAKES_LOGITS = (
    nn.CrossEntropyLoss,
    nn.BCEWithLogitsLoss,
    nn.MultiLabelSoftMarginLoss,
    nn.SoftMarginLoss,
)
_ROWS = "Give class ids of shape (N,) or (N, 1) with predictions of shape (N, classes)."
_LAST = (
    "'torch/cross_entropy_loss' by name, and a module that kplug.channels_first adapted, have them on the "
    "last axis: class ids of shape (N, …) with predictions of shape (N, …, classes)."
)
_REDUCTIONS = {"mean": "sum_over_batch_size", "sum": "sum", "none": "none"}


class TorchLoss(Loss):
    """A ``torch.nn`` loss module, called as ``module(y_pred, y_true)``.

    L = module(y_pred, y_true): torch's own number and reduction; the mean of what a module without a
    ``reduction`` returns. With sample weights w the module is
    evaluated unreduced, giving s, and L = Σws / d, where d is what torch's mean divides by: the number
    of values or of samples, or the sum of the class weights of the targets that count.

    Targets are adapted to the module: the type of the predictions and, where the ranks differ by an
    axis of length 1, their rank; int64 class ids of shape (N,), from (N, 1) or floats, for
    ``CrossEntropyLoss``, ``NLLLoss`` and ``MultiMarginLoss``. Integer targets of a module that is not
    torch's own stay integers. A module's classes are where the module has them, on axis 1 of torch's
    own; `kplug.channels_first` moves them, as it does for the name ``torch/cross_entropy_loss``.

    Args:
        module: The module; one whose ``forward`` begins with ``y_true`` is called in Keras's order.
        name: Label of the loss in logs; by default the class's name in snake case.

    Raises:
        ContractError: if the module cannot be called with two arguments.
        DataError: when called, for shapes that do not fit; with the first batch also for probabilities on
            the last axis where torch has the classes on the second.

    Example:
        >>> loss = TorchLoss(nn.BCEWithLogitsLoss())
        >>> loss(torch.tensor([1, 0]), torch.tensor([[2.0], [-1.0]]))
        tensor(0.2201)

    Reference:
        ``torch.nn`` loss functions.
    """

    def __init__(self, module: nn.Module, name: str | None = None) -> None:
        label = name if name is not None else snake_case(type(module).__name__)
        reduction = getattr(module, "reduction", "mean")
        super().__init__(label, _REDUCTIONS.get(str(reduction), "sum_over_batch_size"))
        self.module = module
        check_signature(module.forward, "a loss")
        # torch's modules use (input, target); a module with other names follows torch's order too.
        self._is_keras_order = next(iter(inspect.signature(module.forward).parameters)) == "y_true"
        self._is_torchs_own = type(module).__module__.startswith("torch.nn.modules.loss")
        self._unreduced = _without_reduction(module)
        self._device: torch.device | None = None
        said = getattr(module, "takes_logits", getattr(module, "from_logits", False))
        self.takes_logits = said is True or isinstance(module, _TAKES_LOGITS)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the module's unreduced values, or its result if it has no ``reduction``."""
        return self._run(self._unreduced, y_true, y_pred)

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,
        mask: ArrayLike = None,
    ) -> Tensor:
        """Return torch's number, or the weighted one; see `Loss.__call__`."""
        targets, predictions = self.align(y_true, y_pred, sample_weight)
        if not self._has_checked:
            self._check_once(targets, predictions)
        if sample_weight is None and mask is None:
            values = self._run(self.module, targets, predictions)
            return values if hasattr(self.module, "reduction") else mean_of(values)
        values = self.call(targets, predictions)
        if values.ndim == 0 and sample_weight is not None:
            self._warn_of_scalar(sample_weight)
        if values.ndim == 0 or self.reduction != "sum_over_batch_size":
            return reduce_values(values, self.reduction, sample_weight, mask)
        shares = self._find_shares(values, targets)
        return reduce_values(values, "sum", sample_weight, mask) / reduce_values(
            shares, "sum", mask=mask
        )

    def find_divisor(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor | None:
        """Return torch's sum of class weights, or its number of ids that are not ignored."""
        if not isinstance(self.module, (nn.CrossEntropyLoss, nn.NLLLoss)):
            return None
        targets, predictions = self.align(y_true, y_pred, sample_weight)
        return (
            None if targets.is_floating_point() else self._find_shares(predictions, targets).sum()
        )

    def align(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,  # noqa: ARG002  # the module decides about ranks
    ) -> tuple[Tensor, Tensor]:
        """Return targets in the module's shape and type, and predictions."""
        predictions = as_predictions(y_pred, owner=self.name)
        targets = as_class_ids(y_true, predictions, self.name)
        self._follow(predictions.device)
        if isinstance(self.module, _TAKES_IDS) and targets.shape != predictions.shape:
            return self._as_class_ids(targets, predictions), predictions
        if isinstance(self.module, nn.MultiLabelMarginLoss):
            return targets.long(), predictions
        if self._is_torchs_own or targets.is_floating_point():
            targets = targets.to(predictions.dtype)
        targets, predictions = align_ranks(targets, predictions, keep_last_axis=True)
        if self._is_torchs_own and targets.shape != predictions.shape:
            raise shape_error(self.name, targets, predictions)
        return targets, predictions

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:  # noqa: ARG002  # as for every loss
        """Refuse class probabilities on the last axis if the module expects classes on the second."""
        is_adapted = has_channels_last(self.module)
        if not isinstance(self.module, nn.CrossEntropyLoss) or is_adapted or y_true.ndim < 3:
            return
        if _adds_up_to_one(y_true, 1) or not _adds_up_to_one(y_true, -1):
            return
        raise DataError(
            f"{self.name}: y_true of shape {tuple(y_true.shape)} has probabilities of classes on its last "
            f"axis; torch's module has the classes on axis 1",
            hint=_LAST,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the name, with the module as ``custom/<name>``: its arguments are not known."""
        return {"module": f"custom/{type(self.module).__name__}", "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Rebuild the loss, if the configuration contains the module itself.

        Raises:
            ContractError: if there is only its name.
        """
        config = read_config(cls, config)
        if not isinstance(config.get("module"), nn.Module):
            raise ContractError(
                f"the module {config.get('module')!r} is not part of its configuration",
                hint="Refer to it by name, such as 'torch/BCEWithLogitsLoss'.",
            )
        return super().from_config(config)

    def _run(self, module: nn.Module, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if self._is_keras_order:
            return require_tensor(module(y_true, y_pred), self.name)
        return require_tensor(module(y_pred, y_true), self.name)

    def _follow(self, device: torch.device) -> None:
        """Move the module's class weights to the predictions, once."""
        if self._device != device:
            self.module.to(device)
            self._device = device

    def _as_class_ids(self, targets: Tensor, predictions: Tensor) -> Tensor:
        class_axis = -1 if has_channels_last(self.module) else 1
        for axis in (class_axis, -1):
            if targets.ndim == predictions.ndim and targets.shape[axis:][:1] == (1,):
                targets = targets.squeeze(axis)
        if predictions.ndim > 1 and targets.shape != predictions.select(class_axis, 0).shape:
            raise shape_error(
                self.name,
                targets,
                predictions,
                _LAST if predictions.ndim > 2 else _ROWS,
            )
        return targets.long()

    def _find_shares(self, values: Tensor, targets: Tensor) -> Tensor:
        """Return the contribution of each value to the divisor of torch's mean."""
        if getattr(self.module, "reduction", "mean") == "batchmean":
            return torch.full_like(values, values.shape[0] / max(values.numel(), 1))
        has_ids = isinstance(self.module, (nn.CrossEntropyLoss, nn.NLLLoss))
        if not has_ids or targets.is_floating_point():
            return torch.ones_like(values)
        counts = targets.ne(int(self.module.ignore_index))  # type: ignore[arg-type]  # torch types it as a module
        class_weights = self.module.weight
        if not isinstance(class_weights, Tensor):
            return counts.to(values.dtype)
        return class_weights[torch.where(counts, targets, 0)] * counts


def _adds_up_to_one(targets: Tensor, axis: int) -> bool:
    """Return whether sums along an axis are 1 everywhere."""
    sums = targets.sum(axis)
    return bool(torch.allclose(sums, torch.ones_like(sums), atol=1e-3))


def _without_reduction(module: nn.Module) -> nn.Module:
    if getattr(module, "reduction", "none") == "none":
        return module
    # Shallow: parameters and buffers stay shared, so moving the original moves the copy.
    unreduced = copy.copy(module)
    unreduced.reduction = "none"  # type: ignore[assignment]  # a plain string attribute of torch's
    return unreduced
