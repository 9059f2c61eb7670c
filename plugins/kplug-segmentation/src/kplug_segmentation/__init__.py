"""Losses and metrics that compare a predicted mask with a true one.

Three ideas, a file each: ``overlap`` counts what two masks share and scores it, ``losses`` turns a
score into something that can be minimised, ``focal`` weighs pixels by how hard they are.
"""

from __future__ import annotations

from kplug_segmentation.focal import focal_loss
from kplug_segmentation.losses import dice_loss, jaccard_loss, tversky_loss
from kplug_segmentation.overlap import dice_coef, jaccard_coef, tversky_coef

__all__ = [
    "dice_coef",
    "dice_loss",
    "focal_loss",
    "jaccard_coef",
    "jaccard_loss",
    "tversky_coef",
    "tversky_loss",
]
