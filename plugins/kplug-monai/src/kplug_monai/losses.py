"""MONAI's losses for channels-last data, created on first access."""

from __future__ import annotations

from typing import Any

import monai.losses
import monai.losses.dice
import torch
from torch import Tensor, nn

from kplug import channels_first
from kplug_monai.table import LOSSES


class OfSamples(nn.Module):
    """Mixin of every loss, first in the MRO: returns 0 for empty batches, where several of MONAI's fail."""

    def forward(self, y_pred: Tensor, y_true: Tensor) -> Any:
        """Return MONAI's value."""
        return super().forward(y_pred, y_true) if len(y_pred) else y_pred.sum()


def __getattr__(name: str) -> Any:
    if name not in LOSSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    original = getattr(monai.losses, name)
    body = {"__doc__": original.__doc__, "__module__": __name__}
    made = globals()[name] = channels_first(type(name, (OfSamples, original), body))
    return made


@channels_first
class GeneralizedWassersteinDiceLoss(OfSamples, monai.losses.dice.GeneralizedWassersteinDiceLoss):
    """Dice loss in which classes are at distances from one another; targets are class ids.

    Args:
        dist_matrix: Distances of the classes, as rows.
        weighting_mode: ``"default"`` or ``"GDL"``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        smooth_nr: Added to the numerator.
        smooth_dr: Added to the denominator.
    """

    def __init__(
        self,
        dist_matrix: list[list[float]],
        weighting_mode: str = "default",
        reduction: str = "mean",
        smooth_nr: float = 1e-5,
        smooth_dr: float = 1e-5,
    ) -> None:
        matrix = torch.as_tensor(dist_matrix, dtype=torch.float32)
        super().__init__(matrix, weighting_mode, reduction, smooth_nr, smooth_dr)
