"""Example data and omitted checks for `kplug check` and the tests."""

from __future__ import annotations

from typing import Any

import torch
from kplug_authoring import list_checks
from torch import Tensor

from kplug import Example, parse_spec
from kplug_torchmetrics.table import ROWS

_PAIR = {"num_classes": 2}
_ERROR = parse_spec("kplug-torchmetrics/mean_squared_error")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "boot_strapper": {"base_metric": _ERROR},
    "classwise_wrapper": {
        "metric": parse_spec(
            "kplug-torchmetrics/accuracy(task='multiclass', num_classes=3, average=None)"
        )
    },
    "cramers_v": {"num_classes": 3},
    "critical_success_index": {"threshold": 0.5},
    "dice_score": _PAIR,
    "exact_match": {"task": "multiclass", "num_classes": 3},
    "generalized_dice_score": _PAIR,
    "hausdorff_distance": _PAIR,
    "metric_collection": {"metrics": [_ERROR]},
    "min_max_metric": {"base_metric": _ERROR},
    "minkowski_distance": {"p": 3.0},
    "modified_panoptic_quality": {"things": [0, 1], "stuffs": [6, 7]},
    "multioutput_wrapper": {"base_metric": _ERROR, "num_outputs": 2},
    "panoptic_quality": {"things": [0, 1], "stuffs": [6, 7]},
    "peak_signal_noise_ratio": {"data_range": 1.0},
    "pearsons_contingency_coefficient": {"num_classes": 3},
    "permutation_invariant_training": {"metric_func": "scale_invariant_signal_noise_ratio"},
    "precision_at_fixed_recall": {"task": "binary", "min_recall": 0.5},
    "recall_at_fixed_precision": {"task": "binary", "min_precision": 0.5},
    "sensitivity_at_specificity": {"task": "binary", "min_specificity": 0.5},
    "specificity_at_sensitivity": {"task": "binary", "min_sensitivity": 0.5},
    "theils_u": {"num_classes": 3},
    "tschuprows_t": {"num_classes": 3},
}

_READS = "torchmetrics looks at the values that it is given"
_UNMERGED = "torchmetrics cannot merge its state"
_SEVERAL = "its result is a matrix or a curve"
_NUMBERED = "it counts the queries that it has seen"
_TYPES = "torchmetrics computes in the type of the predictions"
_TWO = "it is defined for two samples or more"
_WINDOWS = "torchmetrics adds up in another order"
LEFT_OUT: dict[tuple[str, str], tuple[str, ...]] = {
    ("reads", _READS): (
        *(
            row.name
            for row in ROWS.values()
            if row.inputs in ("aggregate", "classes", "masks", "queries")
        ),
        *("char_error_rate", "multi_scale_structural_similarity_index_measure"),
        "structural_similarity_index_measure",
    ),
    ("merging", _UNMERGED): (
        *("cat_metric", "max_metric", "min_metric", "running_mean", "running_sum"),
        *("concordance_corr_coef", "critical_success_index", "kendall_rank_corr_coef"),
        *("normalized_root_mean_squared_error", "pearson_corr_coef"),
        *("scale_invariant_signal_distortion_ratio", "scale_invariant_signal_noise_ratio"),
    ),
    ("merging", _NUMBERED): tuple(row.name for row in ROWS.values() if row.inputs == "queries"),
    ("state", _NUMBERED): tuple(row.name for row in ROWS.values() if row.inputs == "queries"),
    ("scalar", _SEVERAL): (
        *("cat_metric", "confusion_matrix", "precision_recall_curve", "roc", "stat_scores"),
        "retrieval_precision_recall_curve",
    ),
    ("config", "its tuple of weights is a list in JSON"): (
        "multi_scale_structural_similarity_index_measure",
    ),
    ("batches", _WINDOWS): (
        "multi_scale_structural_similarity_index_measure",
        "structural_similarity_index_measure",
    ),
    ("memory", "torchmetrics takes views of its inputs"): (
        *("mean_absolute_error", "mean_squared_error", "normalized_root_mean_squared_error"),
    ),
    ("half", _TYPES): (
        *("explained_variance", "mean_absolute_percentage_error", "peak_signal_noise_ratio"),
        *("r2_score", "running_sum", "scale_invariant_signal_distortion_ratio"),
        *("scale_invariant_signal_noise_ratio", "spectral_angle_mapper"),
        *("spectral_distortion_index", "universal_image_quality_index"),
    ),
    ("dtype", _TYPES): (
        *("calibration_error", "error_relative_global_dimensionless_synthesis"),
        *("explained_variance", "kl_divergence", "precision_at_fixed_recall"),
        *("precision_recall_curve", "r2_score", "recall_at_fixed_precision"),
        *("relative_average_spectral_error", "roc", "sensitivity_at_specificity"),
        "specificity_at_sensitivity",
    ),
    ("dtype", "floats are scores, whole numbers are ids"): (
        *("dice_score", "generalized_dice_score", "mean_iou"),
    ),
    ("calls", "its state has the shape of the first batch"): ("explained_variance",),
    ("calls", _TWO): ("r2_score",),
    ("merging_several", _TWO): ("r2_score",),
    ("merging_several", "torchmetrics cannot merge it into one without samples"): (
        *("peak_signal_noise_ratio", "root_mean_squared_error_using_sliding_window"),
    ),
    ("kept_result", _TWO): ("r2_score",),
    ("idle", "`threshold` is for binary and multilabel scores"): ("exact_match",),
    ("idle", "`nan_replace_value` is for targets that are NaN"): (
        *("cramers_v", "pearsons_contingency_coefficient", "theils_u", "tschuprows_t"),
    ),
    ("weights", "torchmetrics knows no sample weights"): tuple(row.name for row in ROWS.values()),
}
#: Metrics that are created but not called, with the reason.
NOT_CALLED = {
    **{
        row.name: "it compares texts"
        for row in ROWS.values()
        if row.inputs == "texts" and row.name != "char_error_rate"
    },
    **{row.name: "it is about another metric" for row in ROWS.values() if row.inputs == "inner"},
    "fleiss_kappa": "it takes counts of ratings alone",
    "hausdorff_distance": "it takes masks of several classes that are not empty",
    "modified_panoptic_quality": "it takes pairs of class and instance",
    "panoptic_quality": "it takes pairs of class and instance",
    "permutation_invariant_training": "it takes several speakers",
    "perplexity": "it takes label sequences with a score for each word",
    "signal_distortion_ratio": "it takes signals of 512 samples or more",
}


def _draw_images(size: int) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(0)
    first = torch.rand((2, size, size, 3), dtype=torch.float64, generator=chance)
    return first, torch.rand(first.shape, dtype=torch.float64, generator=chance)


def _make(name: str, inputs: str) -> Example:
    arguments = ARGUMENTS.get(name, {"task": "binary"} if inputs == "classes" else {})
    if name in NOT_CALLED:
        return Example(
            arguments, (), leave_out=dict.fromkeys(list_checks("metric"), NOT_CALLED[name])
        )
    reasons = {check: reason for (check, reason), names in LEFT_OUT.items() if name in names}
    size = 180 if name.startswith("multi_scale") else 24
    images = (lambda: _draw_images(size)) if inputs == "images" else None
    return Example(arguments, images, leave_out=reasons)


EXAMPLES = {row.name: _make(row.name, row.inputs) for row in ROWS.values()}
