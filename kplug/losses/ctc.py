"""Connectionist temporal classification: label sequences without an alignment in time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug.errors import DataError
from kplug.losses.base.alignment import REDUCED_TYPES, ArrayLike, as_predictions, as_tensor
from kplug.losses.base.checks import require_ids, require_whole
from kplug.losses.base.formula import FormulaLoss

_OWNER = "ctc"


def ctc(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `CTC` before the reduction, shape (N,).

    A value is infinite if the labels need more than T steps: one each, and one between equal
    neighbours.
    """
    logits = as_predictions(y_pred, owner=_OWNER)
    labels = _as_labels(as_tensor(y_true, _OWNER, "y_true"), logits)
    if logits.dtype in REDUCED_TYPES:  # torch has no kernel for these
        return ctc(labels, logits.float()).to(logits.dtype)
    if labels.device.type == "cpu" and not torch.compiler.is_compiling():
        # For an id out of range, torch would read out of bounds.
        require_ids(_OWNER, labels, logits.shape[2])
    if not labels.shape[0]:
        return logits.sum((1, 2))
    steps = torch.full(labels.shape[:1], logits.shape[1], dtype=torch.int64, device=labels.device)
    return F.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        labels,
        steps,
        labels.ne(0).sum(1),
        reduction="none",
    )


def _as_labels(y_true: Tensor, logits: Tensor) -> Tensor:
    if y_true.ndim != 2 or logits.ndim != 3 or y_true.shape[0] != logits.shape[0]:
        raise DataError(
            f"{_OWNER}: y_true has shape {tuple(y_true.shape)} and y_pred has shape "
            f"{tuple(logits.shape)}; labels of shape (N, L) and logits of shape (N, T, C) are needed",
            hint="Pad the label sequences of a batch with 0 to one length.",
        )
    return y_true.to(device=logits.device, dtype=torch.int64)


class CTC(FormulaLoss, formula=ctc):
    """Connectionist temporal classification, with class 0 as the blank.

    L = −ln Σ_π Π_t softmax(ŷ_t)[π_t] for each sequence, then by ``reduction``; the sum runs over the
    paths π of T class ids that become the labels when repeats are merged and blanks dropped. Targets
    are class ids in [1, C), padded at the end with 0, shape (N, L); predictions are logits, shape
    (N, T, C).

    Args:
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: when called, if the shapes do not fit or, on a CPU, an id is out of range.

    Example:
        >>> CTC()([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])
        tensor(0.2877)

    Reference:
        A. Graves et al., "Connectionist temporal classification", 2006; ``keras.losses.CTC``.
        ``torch.nn.CTCLoss`` takes log-probabilities, time first, and divides by the label lengths. Its
        kernel reads the label lengths on the host, so that each step waits for a GPU.
    """

    takes_class_ids = True
    takes_logits = True

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse ids that are no class."""
        require_whole(_OWNER, "y_true", y_true)
        require_ids(_OWNER, _as_labels(y_true, y_pred), y_pred.shape[-1])
