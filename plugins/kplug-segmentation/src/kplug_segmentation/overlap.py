"""Overlap of two masks: the dice, Jaccard and Tversky coefficients.

All three are ratios of the same three sums over pixels, with ``t`` the true mask and ``p`` the
predicted one: ``I = Σ t·p``, ``T = Σ t`` and ``P = Σ p``.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from kplug import example
from kplug.errors import ArgumentValueError, DataError

Reduction = Literal["batch", "sample"]


# The score of a batch as a whole has no parts that add up over batches.
_EACH_SAMPLE = example({"smooth": 1e-5, "thresh": 0.5, "reduction": "sample"})


@_EACH_SAMPLE
def dice_coef(
    y_true: Tensor,
    y_pred: Tensor,
    smooth: float,
    thresh: float | None,
    reduction: Reduction = "batch",
) -> Tensor:
    """Return the dice coefficient, twice what the masks share over what they have together.

    It measures their overlap, from 0 to 1.

    ``(2·I + smooth) / (T + P + smooth)`` with ``I = Σ t·p``, ``T = Σ t``, ``P = Σ p``, where ``t``
    is ``y_true`` and ``p`` is 1 where ``y_pred > thresh``, else 0.

    Args:
        y_true: The true mask, 0 to 1, shape ``(batch, …)``.
        y_pred: The predicted mask, the same shape up to axes of size 1.
        smooth: Finite and >= 0. Keeps the ratio defined, and equal to 1, where both masks are
            empty; with 0 it is NaN there.
        thresh: Finite, or None to count ``y_pred`` as it is: the soft dice.
        reduction: ``"batch"`` sums over all pixels of the batch; ``"sample"`` scores each image.

    Returns:
        A scalar, or shape ``(batch,)`` for ``"sample"``; in float32 for half-precision masks.

    Raises:
        ArgumentValueError: for an argument outside its range.
        DataError: if the masks do not have the same shape.

    Example:
        >>> dice_coef(torch.tensor([[1.0, 1.0]]), torch.tensor([[0.9, 0.2]]), smooth=0, thresh=0.5)
        tensor(0.6667)

    Reference:
        Dice, "Measures of the amount of ecologic association between species" (1945).
    """
    check_overlap("dice_coef", smooth, thresh, reduction)
    shared, true, predicted = _sums(y_true, y_pred, thresh, reduction)
    return (2.0 * shared + smooth) / (true + predicted + smooth)


@_EACH_SAMPLE
def jaccard_coef(
    y_true: Tensor,
    y_pred: Tensor,
    smooth: float,
    thresh: float | None,
    reduction: Reduction = "batch",
) -> Tensor:
    """Return the Jaccard coefficient, the intersection over the union of the masks.

    It measures their overlap, from 0 to 1.

    ``(I + smooth) / (T + P − I + smooth)``. Arguments, result and errors are as for ``dice_coef``.

    Example:
        >>> truth, predicted = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.9, 0.2]])
        >>> jaccard_coef(truth, predicted, smooth=0, thresh=0.5)
        tensor(0.5000)

    Reference:
        Jaccard, "The distribution of the flora in the alpine zone" (1912).
    """
    check_overlap("jaccard_coef", smooth, thresh, reduction)
    shared, true, predicted = _sums(y_true, y_pred, thresh, reduction)
    return (shared + smooth) / (true + predicted - shared + smooth)


def tversky_coef(
    y_true: Tensor,
    y_pred: Tensor,
    smooth: float,
    thresh: float | None,
    alpha: float = 0.5,
    beta: float = 0.5,
    reduction: Reduction = "batch",
) -> Tensor:
    """Return the Tversky coefficient, which prices the two kinds of mistake separately.

    ``(I + smooth) / (I + alpha·(P − I) + beta·(T − I) + smooth)``. 0.5 and 0.5 is dice with twice
    the ``smooth``, 1 and 1 is Jaccard.

    Args:
        y_true: As for ``dice_coef``.
        y_pred: As for ``dice_coef``.
        smooth: As for ``dice_coef``.
        thresh: As for ``dice_coef``.
        alpha: Price of a pixel marked by mistake, finite and >= 0.
        beta: Price of a missed pixel, finite and >= 0.
        reduction: As for ``dice_coef``.

    Returns:
        A scalar, or shape ``(batch,)`` for ``reduction="sample"``.

    Raises:
        ArgumentValueError: for an argument outside its range.
        DataError: if the masks do not have the same shape.

    Reference:
        Tversky, "Features of similarity" (1977); for masks Salehi, Erdogmus and Gholipour, "Tversky
        loss function for image segmentation using 3D fully convolutional deep networks" (2017).
    """
    check_overlap("tversky_coef", smooth, thresh, reduction)
    check_at_least_zero("tversky_coef", alpha=alpha, beta=beta)
    shared, true, predicted = _sums(y_true, y_pred, thresh, reduction)
    mistakes = alpha * (predicted - shared) + beta * (true - shared)
    return (shared + smooth) / (shared + mistakes + smooth)


def check_overlap(owner: str, smooth: float, thresh: float | None, reduction: str) -> None:
    """Refuse arguments that no overlap can be computed with.

    Raises:
        ArgumentValueError: naming the owner, the argument, its value and what is allowed.
    """
    check_at_least_zero(owner, smooth=smooth)
    if thresh is not None and not math.isfinite(thresh):
        raise ArgumentValueError(owner, "thresh", thresh, "a finite number, or None")
    if reduction not in ("batch", "sample"):
        raise ArgumentValueError(owner, "reduction", reduction, "'batch' or 'sample'")


def check_at_least_zero(owner: str, **arguments: float) -> None:
    """Refuse arguments that are negative, infinite or NaN.

    Raises:
        ArgumentValueError: for the first of them.
    """
    for name, value in arguments.items():
        if not 0 <= value < math.inf:
            raise ArgumentValueError(owner, name, value, "a finite number >= 0")


def align_masks(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return both masks in the dtype of the prediction, float32 or wider.

    Raises:
        DataError: if the shapes differ by more than axes of size 1.
    """
    # Flattening would let (2, 3) meet (3, 2) and score pixels against the wrong ones.
    if _without_ones(y_true) != _without_ones(y_pred):
        raise DataError(
            f"the true mask has shape {tuple(y_true.shape)} and the predicted one "
            f"{tuple(y_pred.shape)}",
            hint="Masks have one value a pixel: give y_true the shape of the model's output.",
        )
    # A float16 sum overflows above 65504 pixels, and a bfloat16 one stops counting at 256.
    if y_pred.dtype not in (torch.float32, torch.float64):
        y_pred = y_pred.float()
    return y_true.to(y_pred.dtype).reshape(y_pred.shape), y_pred


def _without_ones(mask: Tensor) -> list[int]:
    return [size for size in mask.shape if size != 1]


def _sums(
    y_true: Tensor, y_pred: Tensor, thresh: float | None, reduction: Reduction
) -> tuple[Tensor, Tensor, Tensor]:
    true, predicted = align_masks(y_true, y_pred)
    if thresh is not None:
        predicted = (predicted > thresh).to(predicted.dtype)
    if reduction == "batch":
        return (true * predicted).sum(), true.sum(), predicted.sum()
    rows = (predicted.shape[0], math.prod(predicted.shape[1:]))
    true, predicted = true.reshape(rows), predicted.reshape(rows)
    return (true * predicted).sum(-1), true.sum(-1), predicted.sum(-1)
