"""Checks of a loss's arguments: probabilities, counts, class ids.

Reading a number synchronizes with the device, so a loss checks its first batch only.
"""

from __future__ import annotations

import math

from torch import Tensor

from kplug.backend.indices import find_fraction
from kplug.errors import DataError

# Averages of probabilities may exceed [0, 1] by rounding.
_SLACK = 1e-5

SIGMOID_HINT = "End the model with a sigmoid, or say from_logits=True if these are logits."
SOFTMAX_HINT = "End the model with a softmax, or say from_logits=True if these are logits."


def require_range(
    owner: str,
    argument: str,
    values: Tensor,
    lowest: float = 0.0,
    highest: float = 1.0,
    hint: str | None = None,
) -> None:
    """Refuse numbers outside a range; NaN passes, since training reports its first occurrence.

    Args:
        owner: The loss, for the message.
        argument: ``y_true`` or ``y_pred``.
        values: The values.
        lowest: Smallest allowed number.
        highest: Largest allowed number; infinity for no bound.
        hint: The hint of the error.

    Raises:
        DataError: with the first number outside.

    Example:
        >>> import torch
        >>> require_range("dice", "y_pred", torch.tensor([0.0, 1.0]))
    """
    is_outside = (values < lowest - _SLACK) | (values > highest + _SLACK)
    if not is_any(is_outside):
        return
    bound = f"in [{lowest:g}, {highest:g}]" if highest < math.inf else f">= {lowest:g}"
    wrong = values[is_outside][0].item()
    raise DataError(f"{owner}: {argument} holds {wrong:.6g}; allowed: numbers {bound}", hint=hint)


def require_whole(owner: str, argument: str, values: Tensor) -> None:
    """Refuse class ids with a fraction, which a cast would drop, NaN and infinities.

    Raises:
        DataError: with the first of them.
    """
    wrong = find_fraction(values)
    if wrong is not None:
        raise DataError(
            f"{owner}: {argument} holds {wrong:.6g}; allowed: class ids, which are whole numbers",
            hint="For probabilities as targets use a loss that takes one-hot targets.",
        )


def require_ids(owner: str, ids: Tensor, classes: int, hint: str | None = None) -> None:
    """Refuse class ids outside [0, classes).

    Raises:
        DataError: with the smallest or the largest of them.
    """
    if not ids.numel() or not is_any((ids < 0) | (ids >= classes)):
        return
    lowest, highest = int(ids.min()), int(ids.max())
    raise DataError(
        f"{owner}: y_true holds the class id {lowest if lowest < 0 else highest}; y_pred has "
        f"{classes} classes, so that ids go from 0 to {classes - 1}",
        hint=hint or "Count classes from 0, or enlarge the last layer.",
    )


def is_any(condition: Tensor) -> bool:
    """Return whether a condition holds anywhere; False if its values cannot be read."""
    try:
        return bool(condition.any())
    except RuntimeError:  # inside torch.func.vmap values cannot be read
        return False
