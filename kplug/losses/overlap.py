"""Dice and Tversky losses: overlap of a predicted region with the true one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from torch import Tensor

from kplug.backend import epsilon
from kplug.components.arguments import refusal, require_integer, require_number
from kplug.losses.base.alignment import ArrayLike, prepare, require_axis
from kplug.losses.base.formula import FormulaLoss
from kplug.registry import Range, search_ranges

Axes: TypeAlias = "int | Sequence[int] | None"


def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Axes = None) -> Tensor:
    """Return the values of `Dice` before the reduction: the shape without the axes of the sums."""
    targets, predictions = prepare(y_true, y_pred, "dice")
    axes = _fit_axes("dice", axis, predictions)
    both = (targets * predictions).sum(axes)
    return 1.0 - 2.0 * both / (targets.sum(axes) + predictions.sum(axes) + epsilon())


def tversky(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Axes = None,
) -> Tensor:
    """Return the values of `Tversky` before the reduction: the shape without the axes of the sums.

    The arguments are those of the class.
    """
    targets, predictions = prepare(y_true, y_pred, "tversky")
    excess_weight, missed_weight = _require_weight("alpha", alpha), _require_weight("beta", beta)
    axes = _fit_axes("tversky", axis, predictions)
    both = (targets * predictions).sum(axes)
    excess = ((1.0 - targets) * predictions).sum(axes)
    missed = (targets * (1.0 - predictions)).sum(axes)
    return 1.0 - both / (both + excess_weight * excess + missed_weight * missed + epsilon())


def _require_weight(argument: str, weight: object) -> float:
    return require_number("tversky", argument, weight, "a finite number >= 0", at_least=0.0)


def _require_axes(owner: str, axis: Any) -> int | list[int] | None:
    """Return axes in the form of a configuration: one, a list, or None."""
    allowed = "an integer, several, or None"
    if axis is None:
        return None
    if isinstance(axis, (list, tuple)):
        if not axis:
            raise refusal(owner, "axis", axis, allowed)
        return [require_integer(owner, "axis", each, allowed) for each in axis]
    return require_integer(owner, "axis", axis, allowed)


def _fit_axes(owner: str, axis: Axes, predictions: Tensor) -> tuple[int, ...]:
    axes = _require_axes(owner, axis)
    if axes is None:
        return tuple(range(predictions.ndim))
    several = axes if isinstance(axes, list) else [axes]
    return tuple(require_axis(owner, each, predictions) for each in several)


class Dice(FormulaLoss, formula=dice):
    """One minus the Dice coefficient of the predicted region and the true one.

    L = 1 − 2Σyŷ / (Σy + Σŷ + ε), sums over ``axis``, then by ``reduction``; ε is
    ``kplug.backend.epsilon()``. By default the sums run over the whole batch, and sample weights
    multiply the single result; ``axis=(1, 2, 3)`` scores each image separately.

    Args:
        axis: The axes of the sums: one, several, or None for all.
        reduction, name, dtype: See `Loss`.

    Raises:
        ArgumentValueError: if ``axis`` is not of these; when called, if there is no such axis.

    Example:
        >>> Dice()([[1.0, 0.0, 1.0]], [[1.0, 1.0, 0.0]])
        tensor(0.5000)

    Reference:
        L. R. Dice, 1945; F. Milletari et al., "V-Net", 2016; ``keras.losses.Dice``. An empty batch has
        no overlap: its loss is 1.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axes = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = _require_axes("dice", axis)
        self.mixes_samples = axis is not None


@search_ranges(alpha=Range(0.1, 0.9), beta=Range(0.1, 0.9))
class Tversky(FormulaLoss, formula=tversky):
    """One minus the Tversky index, which weighs false positives and false negatives by themselves.

    L = 1 − I / (I + αF₊ + βF₋ + ε), sums over ``axis``, then by ``reduction``, where I = Σyŷ is the
    overlap, F₊ = Σ(1 − y)ŷ what was predicted in excess, F₋ = Σy(1 − ŷ) what was missed, and ε is
    ``kplug.backend.epsilon()``. α = β = ½ is `Dice`.

    Args:
        alpha: α ≥ 0, the weight of false positives.
        beta: β ≥ 0, the weight of false negatives.
        axis: The axes of the sums: one, several, or None for all, the batch included.
        reduction, name, dtype: See `Loss`.

    Example:
        >>> Tversky(alpha=0.25, beta=0.75)([[1.0, 0.0, 0.0]], [[1.0, 1.0, 1.0]])
        tensor(0.3333)

    Reference:
        S. S. M. Salehi et al., "Tversky loss function for image segmentation using 3D fully
        convolutional deep networks", 2017; ``keras.losses.Tversky``, whose 3.15.1 exchanges α and β
        against its own documentation.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axes = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = _require_weight("alpha", alpha)
        self.beta = _require_weight("beta", beta)
        self.axis = _require_axes("tversky", axis)
        self.mixes_samples = axis is not None
