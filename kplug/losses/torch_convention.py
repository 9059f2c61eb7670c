"""Losses on torch's conventions: input before target, and channels on the second axis."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from kplug.backend.masks import keep_mask
from kplug.components.arguments import require_choice
from kplug.components.layouts import move_channels_last
from kplug.components.types import LossLike
from kplug.dialect.serialization import serialize_component
from kplug.errors import ContractError
from kplug.losses.base.alignment import ArrayLike
from kplug.losses.base.loss import Loss
from kplug.registry import keras_class, resolve_object

DATA_FORMATS = ("channels_first", "channels_last")


@keras_class(None)
class TorchConvention(Loss):
    """A loss for predictions and targets with the channels where torch has them, on the second axis.

    L = loss(y_true, y_pred) with the second axis of both moved to the end, (N, C, …) to (N, …, C). As in
    `kplug.channels_first`, only tensors of the higher rank are moved, and of rank 3 at least: class ids
    (N, …) beside predictions (N, C, …) are not.

    Args:
        loss: The loss, for channels on the last axis.
        data_format: ``channels_first``, or ``channels_last`` for tensors that have them there already.

    Attributes:
        criterion: The loss as a torch module, called with (input, target); `kplug.losses.get` returns it.

    Raises:
        ArgumentValueError: if ``data_format`` is another word.

    Example:
        >>> import torch
        >>> from kplug.losses import get
        >>> criterion = get("torch_convention(sparse_categorical_crossentropy(from_logits=True))")
        >>> image, labels = torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.int64)
        >>> criterion(image, labels)
        tensor(1.0986)

    Reference:
        The argument order and the layout of ``torch.nn.CrossEntropyLoss``.
    """

    def __init__(self, loss: LossLike, data_format: str = "channels_first") -> None:
        self.loss: Loss = resolve_object("loss", loss)
        if self.loss is None:
            raise ContractError("torch_convention: there is no loss to adapt")
        self.data_format = require_choice(self, "data_format", data_format, DATA_FORMATS)
        super().__init__(self.loss.name, self.loss.reduction)
        self.takes_class_ids = self.loss.takes_class_ids
        self.mixes_samples = self.loss.mixes_samples
        self.takes_logits = getattr(self.loss, "from_logits", self.loss.takes_logits)

    @property
    def criterion(self) -> Criterion:
        """The loss as a torch module, called with (input, target)."""
        return Criterion(self)

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,
        mask: ArrayLike = None,
    ) -> Tensor:
        """Return the reduced loss; see `Loss.__call__`."""
        return self.loss(*self._move(y_true, y_pred), sample_weight, mask)

    def find_divisor(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor | None:
        """Return the divisor of the loss inside."""
        return self.loss.find_divisor(*self._move(y_true, y_pred), sample_weight)

    def align(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike = None
    ) -> tuple[Tensor, Tensor]:
        """Return targets and predictions with the channels last, as the loss aligns them."""
        return self.loss.align(*self._move(y_true, y_pred), sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the unreduced values of aligned tensors."""
        return self.loss.call(y_true, y_pred)

    def check_targets(self, y_true: Tensor) -> None:
        """Refuse targets that the loss is not defined for."""
        self.loss.check_targets(y_true)

    def _move(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        if self.data_format == "channels_last":
            return y_true, y_pred
        targets, predictions = move_channels_last(y_true, y_pred)
        moved = predictions is not y_pred
        return targets, keep_mask(predictions, y_pred) if moved else predictions

    def get_config(self) -> dict[str, Any]:
        """Return the loss as data, and the layout."""
        return {"loss": serialize_component("loss", self.loss), "data_format": self.data_format}


class Criterion(nn.Module):
    """A loss as a torch module, called with (input, target).

    Args:
        loss: The loss, which ``compile`` uses where it is given the module.
    """

    def __init__(self, loss: TorchConvention) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, input: ArrayLike, target: ArrayLike, weight: ArrayLike = None) -> Tensor:
        """Return the reduced loss; ``weight`` has one number a sample, or one a place."""
        return self.loss(target, input, weight)

    def extra_repr(self) -> str:
        """Return the loss in words."""
        return repr(self.loss)
