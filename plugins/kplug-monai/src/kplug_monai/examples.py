"""Example data and omitted checks for `kplug check` and the tests."""

from __future__ import annotations

from typing import Any

import torch

from kplug import Example
from kplug_monai.table import METRICS

CHANCE = torch.Generator().manual_seed(0)


def _draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, dtype=torch.float64, generator=CHANCE)


def _draw_classes(*spatial: int) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(0, 3, (4, *spatial), generator=CHANCE)
    return ids, _draw(4, *spatial, 3)


IDS, SCORES = _draw_classes(6, 5)
CLASSES = torch.nn.functional.one_hot(IDS, 3).double(), SCORES
SCALARS = _draw(4, 13, 12, 1), _draw(4, 13, 12, 1)
ARGUMENTS: dict[str, dict[str, Any]] = {
    "generalized_wasserstein_dice_loss": {
        "dist_matrix": [[0.0, 1.0, 1.0], [1.0, 0.0, 0.5], [1.0, 0.5, 0.0]]
    },
    "hausdorff_dt_loss": {"softmax": True},
    "jukebox_loss": {"spatial_dims": 2},
    "local_normalized_cross_correlation_loss": {"spatial_dims": 2},
    "log_hausdorff_dt_loss": {"softmax": True},
    "multi_scale_ssim_metric": {"spatial_dims": 2, "kernel_size": 3, "weights": [0.5, 0.5]},
    "nacl_loss": {"classes": 3, "dim": 2},
    "panoptic_quality_metric": {"num_classes": 2, "reduction": "mean"},
    "psnr_metric": {"max_val": 1.0},
    "ssim_loss": {"spatial_dims": 2, "win_size": 5},
    "ssim_metric": {"spatial_dims": 2, "win_size": 5},
    "surface_dice_metric": {"class_thresholds": [1.0, 1.0]},
}
FEW = CLASSES[0][:2, :4, :4], CLASSES[1][:2, :4, :4]  # distances are slow
SOFT = 0.8 * CLASSES[0] + 0.1, SCORES  # soft labels
INPUTS: dict[str, Any] = {
    "asymmetric_unified_focal_loss": (CLASSES[0][..., :2], SCORES[..., :2]),
    "boundary_loss": FEW,
    "dice_loss": SOFT,
    "generalized_dice_loss": SOFT,
    "soft_dicecl_dice_loss": CLASSES,
    "softcl_dice_loss": CLASSES,
    "box_giou_loss": (_draw(4, 4).cumsum(-1), _draw(4, 4).cumsum(-1)),
    "generalized_wasserstein_dice_loss": (IDS, SCORES),
    "hausdorff_dt_loss": FEW,
    "jukebox_loss": SCALARS,
    "local_normalized_cross_correlation_loss": SCALARS,
    "log_hausdorff_dt_loss": FEW,
    "multi_scale_ssim_metric": SCALARS,
    "nacl_loss": (IDS, SCORES),
    "panoptic_quality_metric": (
        SCALARS[0].round().repeat(1, 1, 1, 2),
        SCALARS[1].round().repeat(1, 1, 1, 2),
    ),
    "ssim_loss": SCALARS,
    "ssim_metric": SCALARS,
    "surface_dice_metric": CLASSES,
    "surface_distance_metric": CLASSES,
}
READS = "MONAI reads values, which waits for a GPU"
SINGLE = "MONAI computes the value in float32"
NO_WEIGHTS = "MONAI knows no sample weights"
OF_THE_MEAN = "it is the logarithm of a mean"
LEFT_OUT: dict[tuple[str, str], tuple[str, ...]] = {
    ("device", READS): (
        *("asymmetric_unified_focal_loss", "barlow_twins_loss", "boundary_loss", "box_giou_loss"),
        *("hausdorff_dt_loss", "log_hausdorff_dt_loss"),
    ),
    ("reads", READS): (
        *("dice_metric", "generalized_dice_score", "hausdorff_distance_metric"),
        *("panoptic_quality_metric", "surface_dice_metric", "surface_distance_metric"),
    ),
    ("half", "MONAI computes in the type of the predictions"): (
        *("asymmetric_unified_focal_loss", "global_mutual_information_loss", "jukebox_loss"),
        *("average_precision_metric", "mape_metric", "mcc_loss", "nacl_loss", "rocauc_metric"),
    ),
    ("dtype", "MONAI keeps the type of the predictions"): ("average_precision_metric",),
    ("precise", "MONAI's formula has no gradient for equal predictions, or cancels in float32"): (
        *("jukebox_loss", "local_normalized_cross_correlation_loss", "nacl_loss"),
    ),
    ("many", "MONAI adds a constant that does not grow with the image"): (
        *("generalized_dice_focal_loss", "generalized_dice_loss"),
    ),
    ("soft_targets", "its targets are masks"): ("boundary_loss",),
    ("dtype", SINGLE): ("focal_loss", "ssim_loss"),
    ("effect", "with the mean of the batch, `batch` makes no difference"): (
        *("boundary_loss", "hausdorff_dt_loss", "log_hausdorff_dt_loss"),
    ),
    ("gradcheck", SINGLE): (
        *("box_giou_loss", "dice_focal_loss", "focal_loss", "generalized_dice_focal_loss"),
        "ssim_loss",
    ),
    ("one_row", "it correlates samples"): ("barlow_twins_loss",),
    ("one_row", OF_THE_MEAN): ("log_hausdorff_dt_loss",),
    ("reduction", OF_THE_MEAN): ("log_hausdorff_dt_loss",),
    ("weights", OF_THE_MEAN): ("log_hausdorff_dt_loss",),
    ("weights", "MONAI knows no sample weights"): tuple(
        sorted(name for name, *_ in METRICS.values())
    ),
}


def _make_examples() -> dict[str, Example]:
    reasons: dict[str, dict[str, str]] = {}
    for (check, reason), names in LEFT_OUT.items():
        for name in names:
            reasons.setdefault(name, {})[check] = reason
    return {
        name: Example(ARGUMENTS.get(name, {}), INPUTS.get(name), leave_out=reasons.get(name, {}))
        for name in ARGUMENTS.keys() | INPUTS.keys() | reasons.keys()
    }


EXAMPLES = _make_examples()
