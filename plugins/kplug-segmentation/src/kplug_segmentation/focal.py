"""The focal loss: cross-entropy that spends little on pixels the model already has right."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kplug import Range, search_ranges
from kplug.errors import ArgumentValueError
from kplug_segmentation.overlap import align_masks, check_at_least_zero

# Keeps the logarithm, and the power for gamma < 1, finite where a float32 sigmoid has saturated;
# Keras clips at the same place.
_EPSILON = 1e-7


@search_ranges(alpha=Range(0.1, 0.9), gamma=Range(0.0, 5.0))
def focal_loss(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Tensor:
    """Return the binary focal loss of each pixel, averaged over the last axis.

    It suits imbalanced masks: the many pixels that are easy count little.

    ``−a · (1 − q)^gamma · log q``, where ``q`` is the probability given to the truth: ``p`` where
    ``y_true`` is 1 and ``1 − p`` where it is 0; ``a`` is ``alpha`` and ``1 − alpha`` there.
    ``gamma=0, alpha=None`` is binary cross-entropy.

    Args:
        y_true: The true mask, 0 or 1, shape ``(batch, …)``.
        y_pred: Probabilities, or logits with ``from_logits``; the same shape up to axes of size 1.
        alpha: Weight of the pixels that are 1, in [0, 1]; None weighs both alike.
        gamma: How strongly easy pixels are played down, finite and >= 0.
        from_logits: Whether ``y_pred`` has yet to go through a sigmoid; more accurate.

    Returns:
        Values per sample, shape ``y_pred.shape[:-1]``.

    Raises:
        ArgumentValueError: for an argument outside its range.
        DataError: if the masks do not have the same shape.

    Example:
        >>> focal_loss(torch.tensor([[1.0]]), torch.tensor([[0.5]]), alpha=None)
        tensor([0.1733])

    Reference:
        Lin et al., "Focal loss for dense object detection" (2017). Keras's
        ``BinaryFocalCrossentropy`` has ``alpha`` off unless ``apply_class_balancing=True``.
    """
    check_at_least_zero("focal_loss", gamma=gamma)
    if alpha is not None and not 0 <= alpha <= 1:
        raise ArgumentValueError("focal_loss", "alpha", alpha, "a number in [0, 1], or None")
    true, predicted = align_masks(y_true, y_pred)
    probability = torch.sigmoid(predicted) if from_logits else predicted
    probability = probability.clamp(_EPSILON, 1 - _EPSILON)
    if from_logits:
        entropy = F.binary_cross_entropy_with_logits(predicted, true, reduction="none")
    else:
        # Written out because torch refuses its own binary_cross_entropy under autocast.
        entropy = -(true * probability.log() + (1 - true) * torch.log1p(-probability))
    # 1 − q, without the rounding of 1 − (1 − p) where p is small.
    missing = true * (1 - probability) + (1 - true) * probability
    loss = missing.pow(gamma) * entropy
    if alpha is not None:
        loss = loss * (true * alpha + (1 - true) * (1 - alpha))
    return loss.mean(-1)
