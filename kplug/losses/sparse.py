"""Cross-entropy with class ids, and the cross-entropy chosen by the shapes."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import require_flag, require_integer
from kplug.losses.base.alignment import REDUCED_TYPES, ArrayLike, as_predictions, as_tensor
from kplug.losses.base.checks import SOFTMAX_HINT, require_ids, require_range, require_whole
from kplug.losses.base.class_ids import as_class_ids, explain
from kplug.losses.base.formula import FormulaLoss
from kplug.losses.base.loss import Loss
from kplug.losses.binary import BinaryCrossentropy
from kplug.losses.categorical import CategoricalCrossentropy
from kplug.registry import keras_class, metric_named, named

_OWNER = "sparse_categorical_crossentropy"
# torch ignores -100 by default; here it is an ordinary class id, and out of range.
_NO_CLASS = torch.iinfo(torch.int64).min
_RANGE_HINT = "Count classes from 0, enlarge the last layer, or set ignore_class."


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Return the values of `SparseCategoricalCrossentropy` before the reduction, shape (N, …).

    The arguments are those of the class; the values of ``ignore_class`` are 0.
    """
    predictions = as_predictions(y_pred, owner=_OWNER)
    ids = as_class_ids(as_tensor(y_true, _OWNER, "y_true"), predictions, axis, _OWNER)
    if ignore_class is None:
        return _pick(ids, predictions, from_logits, axis)
    is_kept = ids != ignore_class
    values = _pick(torch.where(is_kept, ids, 0), predictions, from_logits, axis)
    return torch.where(is_kept, values, 0.0)


def _pick(
    ids: Tensor, predictions: Tensor, from_logits: bool, axis: int, reduction: str = "none"
) -> Tensor:
    try:
        if from_logits:
            rows = predictions if predictions.ndim < 3 else predictions.movedim(axis, 1)
            rows = rows.movedim(axis, -1) if predictions.ndim == 2 and axis == 0 else rows
            return F.cross_entropy(rows, ids, ignore_index=_NO_CLASS, reduction=reduction)
        # The logarithm of one column is enough.
        picked = predictions.gather(axis, ids.unsqueeze(axis)).squeeze(axis)
        smallest = epsilon()
        values = -(picked / predictions.sum(axis)).clamp(smallest, 1.0 - smallest).log()
        return values if reduction == "none" else values.mean()
    except (IndexError, RuntimeError) as error:
        explain(error, _OWNER, ids, predictions.shape[axis], _RANGE_HINT)
        raise


class SparseCategoricalCrossentropy(FormulaLoss, formula=sparse_categorical_crossentropy):
    """Cross-entropy of exclusive classes, with class ids as targets.

    L = −ln ŷ[y] for class ids in [0, C), shape (N, …) or (N, …, 1), integers or floats holding them, and
    predictions of shape (N, …, C), then by ``reduction``. Probabilities are divided by their sum and
    clipped to [ε, 1 − ε], where ε is ``kplug.backend.epsilon()``; logits are not clipped.

    Args:
        from_logits: Whether predictions are logits, ŷ = softmax(y_pred).
        ignore_class: Id, often −1, whose samples are left out of the sum and of its divisor.
        axis: The axis of the classes.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes do not fit, as one-hot targets do not, or, on a CPU, an id is
            out of range. A GPU reports that later, as a device error: a check would synchronize every step.

    Example:
        >>> loss = SparseCategoricalCrossentropy()
        >>> loss([1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
        tensor(1.1769)

    Reference:
        ``keras.losses.SparseCategoricalCrossentropy``; ``torch.nn.CrossEntropyLoss`` takes logits
        and ignores the id −100.
    """

    takes_class_ids = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.from_logits = require_flag(_OWNER, "from_logits", from_logits)
        self.ignore_class = (
            None
            if ignore_class is None
            else require_integer(_OWNER, "ignore_class", ignore_class, "an integer or None")
        )
        self.axis = require_integer(_OWNER, "axis", axis, "an integer")

    @property
    def masks_values(self) -> bool:
        """Whether there is an ignored class."""
        return self.ignore_class is not None

    def find_mask(self, y_true: Tensor, y_pred: Tensor, values: Tensor) -> Tensor | None:  # noqa: ARG002  # the contract
        """Return where the target is not the ignored class."""
        if self.ignore_class is None:
            return None
        return as_class_ids(y_true, y_pred, self.axis, _OWNER).ne(self.ignore_class)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse ids that are no class, and negative probabilities."""
        require_whole(_OWNER, "y_true", y_true)
        ids = as_class_ids(y_true, y_pred, self.axis, _OWNER)
        if self.ignore_class is not None:
            ids = ids[ids != self.ignore_class]
        require_ids(_OWNER, ids, y_pred.shape[self.axis], _RANGE_HINT)
        if not self.from_logits:
            require_range(_OWNER, "y_pred", y_pred, 0.0, math.inf, SOFTMAX_HINT)

    def batch_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the mean, from logits by torch's fused kernel."""
        if self.ignore_class is not None or not y_pred.numel() or y_pred.dtype in REDUCED_TYPES:
            return super().batch_mean(y_true, y_pred)
        ids = as_class_ids(y_true, y_pred, self.axis, _OWNER)
        return _pick(ids, y_pred, self.from_logits, self.axis, "mean")


@keras_class(None)
@named("crossentropy", "ce")
@metric_named("crossentropy", "ce")
class Crossentropy(Loss):
    """The cross-entropy that fits the shapes.

    L is `BinaryCrossentropy` if predictions have one column, `SparseCategoricalCrossentropy` if targets
    have one column or one axis less, and `CategoricalCrossentropy` otherwise.

    Args:
        from_logits: Whether predictions are logits.
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes fit none of them.

    Example:
        >>> Crossentropy()([1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
        tensor(1.1769)

    Reference:
        ``compile(loss="crossentropy")`` of Keras.
    """

    takes_class_ids = True

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "crossentropy",
        dtype: str | None = None,
    ) -> None:
        self.from_logits = require_flag("crossentropy", "from_logits", from_logits)
        super().__init__(name, reduction, dtype)
        self._binary = BinaryCrossentropy(self.from_logits, reduction=reduction, dtype=dtype)
        self._sparse = SparseCategoricalCrossentropy(
            self.from_logits, reduction=reduction, dtype=dtype
        )
        self._one_hot = CategoricalCrossentropy(self.from_logits, reduction=reduction, dtype=dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the values of the chosen loss."""
        return self._choose(y_true, y_pred).values(y_true, y_pred)

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike = None,
        mask: ArrayLike = None,
    ) -> Tensor:
        """Return the reduced value of the chosen loss."""
        targets, predictions = self.align(y_true, y_pred)
        chosen = self._choose(targets, predictions)
        return chosen(targets, predictions, sample_weight, mask)

    def find_divisor(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor | None:
        """Return the divisor of the chosen loss."""
        chosen = self._choose(*self.align(y_true, y_pred))
        return chosen.find_divisor(y_true, y_pred, sample_weight)

    def _choose(self, y_true: Tensor, y_pred: Tensor) -> Loss:
        if y_pred.ndim < 2 or y_pred.shape[-1] == 1:
            return self._binary
        is_sparse = y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1
        return self._sparse if is_sparse else self._one_hot
