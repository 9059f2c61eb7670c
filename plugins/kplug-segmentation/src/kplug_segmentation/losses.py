"""Losses that raise the overlap of the predicted mask with the true one.

A coefficient of thresholded masks is piecewise constant: it cannot be minimised by following its
gradient, which is zero almost everywhere. Every loss here therefore separates its *value* from its
*gradient*, in one of three ways:

- ``thresh=0.5``: the value is that of the thresholded mask; the gradient is that of the soft score,
  computed from the predictions as they are (a straight-through estimator, Bengio et al. 2013).
- ``thresh=None``: value and gradient are those of the soft score.
- ``thresh=0.5, sharpness=20``: value and gradient are those of the soft score of the mask
  ``sigmoid(sharpness · (y_pred − thresh))``, which tends to the thresholded mask as ``sharpness``
  grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from kplug import Range, example, search_ranges
from kplug.errors import ArgumentValueError
from kplug_segmentation.overlap import (
    Reduction,
    check_at_least_zero,
    check_overlap,
    dice_coef,
    jaccard_coef,
    tversky_coef,
)

Loss = Callable[[Tensor, Tensor], Tensor]
Score = Callable[..., Tensor]


@example({"smooth": 1e-5, "thresh": None})
@search_ranges(smooth=Range(1e-6, 1.0, log=True))
def dice_loss(
    smooth: float,
    thresh: float | None,
    sharpness: float | None = None,
    reduction: Reduction = "batch",
) -> Loss:
    """Make the loss that is minus the dice coefficient: −1 for a perfect mask, 0 for a useless one.

    It measures the overlap of the masks, so it suits imbalanced ones, where few pixels are set.

    ``−(2·I + smooth) / (T + P + smooth)`` with ``I = Σ t·p``, ``T = Σ t``, ``P = Σ p``, where ``t``
    is ``y_true`` and ``p`` is 1 where ``y_pred > thresh``, else 0. This value has no gradient of
    its own; the backward pass is straight-through: the gradient of the soft dice, ``p = y_pred``.

    Args:
        smooth: Finite and >= 0. Keeps the ratio defined where both masks are empty; 1e-5 is common.
        thresh: Finite, usually 0.5; None for the soft dice in the value as well.
        sharpness: None, or finite and > 0: replaces the threshold by a sigmoid of this slope, so
            that the gradient is exactly that of the value. Needs a ``thresh``.
        reduction: ``"batch"`` sums over all pixels of the batch and returns a scalar;
            ``"sample"`` scores each image, shape ``(batch,)``, so that sample weights apply.

    Returns:
        The loss ``dice(y_true, y_pred)``, for masks of one shape up to axes of size 1.

    Raises:
        ArgumentValueError: for an argument outside its range. The loss itself raises ``DataError``
            for masks of different shapes.

    Example:
        >>> loss = dice_loss(smooth=1e-5, thresh=0.5)
        >>> predicted = torch.tensor([[0.9, 0.2]], requires_grad=True)
        >>> loss(torch.tensor([[1.0, 1.0]]), predicted).backward()
        >>> predicted.grad
        tensor([[-0.4162, -0.4162]])

    Reference:
        Milletari, Navab and Ahmadi, "V-Net" (2016), whose dice has squares below the line; this one
        has not. Keras's ``Dice`` is ``1 −`` the soft dice, never thresholded.
    """
    check_overlap("dice_loss", smooth, thresh, reduction)
    _check_sharpness("dice_loss", sharpness, thresh)
    score = partial(dice_coef, smooth=smooth, reduction=reduction)
    return partial(dice, score=score, thresh=thresh, sharpness=sharpness)


@example({"smooth": 1e-5, "thresh": None})
@search_ranges(smooth=Range(1e-6, 1.0, log=True))
def jaccard_loss(
    smooth: float,
    thresh: float | None,
    sharpness: float | None = None,
    reduction: Reduction = "batch",
) -> Loss:
    """Make the loss that is minus the Jaccard coefficient, intersection over union.

    ``−(I + smooth) / (T + P − I + smooth)``. Like ``dice_loss`` it measures the overlap of the masks;
    arguments, errors and gradient are those of that loss.

    Returns:
        The loss ``jaccard(y_true, y_pred)``.

    Example:
        >>> loss = jaccard_loss(smooth=0, thresh=0.5)
        >>> loss(torch.tensor([[1.0, 1.0]]), torch.tensor([[0.9, 0.2]]))
        tensor(-0.5000)

    Reference:
        Rahman and Wang, "Optimizing intersection-over-union in deep neural networks for image
        segmentation" (2016).
    """
    check_overlap("jaccard_loss", smooth, thresh, reduction)
    _check_sharpness("jaccard_loss", sharpness, thresh)
    score = partial(jaccard_coef, smooth=smooth, reduction=reduction)
    return partial(jaccard, score=score, thresh=thresh, sharpness=sharpness)


@example({"smooth": 1e-5, "thresh": None})
@search_ranges(smooth=Range(1e-6, 1.0, log=True), alpha=Range(0.1, 0.9), beta=Range(0.1, 0.9))
def tversky_loss(
    smooth: float,
    thresh: float | None,
    alpha: float = 0.5,
    beta: float = 0.5,
    sharpness: float | None = None,
    reduction: Reduction = "batch",
) -> Loss:
    """Make the loss that is minus the Tversky coefficient.

    ``−(I + smooth) / (I + alpha·(P − I) + beta·(T − I) + smooth)``: raise ``beta`` where a missed
    pixel costs more than one marked by mistake, as in imbalanced masks. It measures their overlap,
    and the gradient is as for ``dice_loss``.

    Args:
        smooth: As for ``dice_loss``.
        thresh: As for ``dice_loss``.
        alpha: Price of a pixel marked by mistake, finite and >= 0.
        beta: Price of a missed pixel, finite and >= 0.
        sharpness: As for ``dice_loss``.
        reduction: As for ``dice_loss``.

    Returns:
        The loss ``tversky(y_true, y_pred)``.

    Raises:
        ArgumentValueError: for an argument outside its range.

    Example:
        >>> loss = tversky_loss(smooth=0, thresh=0.5, alpha=0.0, beta=3.0)
        >>> loss(torch.tensor([[1.0, 1.0]]), torch.tensor([[0.9, 0.2]]))
        tensor(-0.2500)

    Reference:
        Salehi, Erdogmus and Gholipour, "Tversky loss function for image segmentation using 3D fully
        convolutional deep networks" (2017). Keras's ``Tversky`` documents the same meaning of
        ``alpha`` and ``beta`` and computes the opposite one: swap them to compare.
    """
    check_overlap("tversky_loss", smooth, thresh, reduction)
    check_at_least_zero("tversky_loss", alpha=alpha, beta=beta)
    _check_sharpness("tversky_loss", sharpness, thresh)
    score = partial(tversky_coef, smooth=smooth, alpha=alpha, beta=beta, reduction=reduction)
    return partial(tversky, score=score, thresh=thresh, sharpness=sharpness)


# At the top of the module, so that a loss can be pickled; each has the name that logs show.


def dice(y_true: Tensor, y_pred: Tensor, **how: Any) -> Tensor:
    """Return minus the dice coefficient, as `dice_loss` was told to compute it."""
    return -_differentiable(y_true, y_pred, **how)


def jaccard(y_true: Tensor, y_pred: Tensor, **how: Any) -> Tensor:
    """Return minus the Jaccard coefficient, as `jaccard_loss` was told to compute it."""
    return -_differentiable(y_true, y_pred, **how)


def tversky(y_true: Tensor, y_pred: Tensor, **how: Any) -> Tensor:
    """Return minus the Tversky coefficient, as `tversky_loss` was told to compute it."""
    return -_differentiable(y_true, y_pred, **how)


def _differentiable(
    y_true: Tensor, y_pred: Tensor, score: Score, thresh: float | None, sharpness: float | None
) -> Tensor:
    """Return the score of the thresholded masks with a gradient that can be followed."""
    if thresh is None:
        return score(y_true, y_pred, thresh=None)
    if sharpness is not None:
        return score(y_true, torch.sigmoid(sharpness * (y_pred - thresh)), thresh=None)
    soft = score(y_true, y_pred, thresh=None)
    # The difference is exactly zero, so the value is the hard score to the last bit; all that the
    # right term adds is its gradient.
    return score(y_true, y_pred.detach(), thresh=thresh) + (soft - soft.detach())


def _check_sharpness(owner: str, sharpness: float | None, thresh: float | None) -> None:
    if sharpness is None:
        return
    if thresh is None:
        allowed = "None where thresh is None: there is no threshold to sharpen"
        raise ArgumentValueError(owner, "sharpness", sharpness, allowed)
    if not 0 < sharpness < math.inf:
        raise ArgumentValueError(owner, "sharpness", sharpness, "None, or a finite number > 0")
