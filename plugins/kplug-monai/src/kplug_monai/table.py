"""Table of MONAI's offered and omitted classes, handwritten and compared by a test. No torch."""

from __future__ import annotations

#: The version of MONAI that the table describes.
VERSION = "1.6.1"

#: The name and summary of each loss.
LOSSES = {
    "AsymmetricUnifiedFocalLoss": (
        "asymmetric_unified_focal_loss",
        "Asymmetric focal and focal Tversky loss of two classes, weighted.",
    ),
    "BarlowTwinsLoss": ("barlow_twins_loss", "Redundancy of two batches of embeddings."),
    "BoundaryLoss": ("boundary_loss", "Distance to the boundary of the mask, weighted by scores."),
    "BoxGIoULoss": ("box_giou_loss", "1 − generalized intersection over union of boxes."),
    "ContrastiveLoss": ("contrastive_loss", "Contrastive loss of two batches of embeddings."),
    "DiceCELoss": ("dice_ce_loss", "Dice loss and cross entropy, weighted."),
    "DiceFocalLoss": ("dice_focal_loss", "Dice loss and focal loss, weighted."),
    "DiceLoss": ("dice_loss", "1 − the Dice coefficient of each class."),
    "FocalLoss": ("focal_loss", "Cross entropy in which easy pixels count less."),
    "GeneralizedDiceFocalLoss": (
        "generalized_dice_focal_loss",
        "Generalized Dice loss and focal loss, weighted.",
    ),
    "GeneralizedDiceLoss": ("generalized_dice_loss", "Dice loss, classes weighted by volume."),
    "GeneralizedWassersteinDiceLoss": (
        "generalized_wasserstein_dice_loss",
        "Dice loss in which classes are at distances from one another.",
    ),
    "GlobalMutualInformationLoss": (
        "global_mutual_information_loss",
        "− the mutual information of two images.",
    ),
    "HausdorffDTLoss": ("hausdorff_dt_loss", "Hausdorff distance by distance transforms."),
    "JukeboxLoss": ("jukebox_loss", "Squared difference of amplitudes of frequencies."),
    "LocalNormalizedCrossCorrelationLoss": (
        "local_normalized_cross_correlation_loss",
        "− the squared correlation of two images in windows.",
    ),
    "LogHausdorffDTLoss": ("log_hausdorff_dt_loss", "Logarithm of 1 + hausdorff_dt_loss."),
    "MCCLoss": ("mcc_loss", "1 − Matthews correlation coefficient of each class."),
    "NACLLoss": (
        "nacl_loss",
        "Cross entropy with a penalty on logits that differ from neighbours'.",
    ),
    "SSIMLoss": ("ssim_loss", "1 − structural similarity of two images."),
    "SoftDiceclDiceLoss": (
        "soft_dicecl_dice_loss",
        "Dice loss and centre-line Dice loss, weighted.",
    ),
    "SoftclDiceLoss": ("softcl_dice_loss", "1 − the Dice coefficient of centre lines."),
    "TverskyLoss": ("tversky_loss", "Dice loss with weights of false positives and negatives."),
}

#: The name, input kind and summary of each metric. ``masks`` are binary, with a channel per class;
#: ``scores`` and ``values`` are passed unchanged.
METRICS = {
    "AbsoluteVolumeDifferenceMetric": (
        "absolute_volume_difference_metric",
        "masks",
        "Difference of the volumes of a class, relative to the true one.",
    ),
    "AveragePrecisionMetric": (
        "average_precision_metric",
        "scores",
        "Area under the precision-recall curve.",
    ),
    "CalibrationErrorMetric": (
        "calibration_error_metric",
        "scores",
        "Distance between confidence and accuracy, for each class.",
    ),
    "ConfusionMatrixMetric": (
        "confusion_matrix_metric",
        "masks",
        "Rates from the confusion matrix: sensitivity, precision and others.",
    ),
    "DiceMetric": ("dice_metric", "masks", "Dice coefficient."),
    "FBetaScore": ("fbeta_score", "masks", "F-score of precision and recall."),
    "GeneralizedDiceScore": (
        "generalized_dice_score",
        "masks",
        "Dice coefficient, classes weighted by volume.",
    ),
    "HausdorffDistanceMetric": (
        "hausdorff_distance_metric",
        "masks",
        "Largest distance from one surface to the other, or a percentile of it.",
    ),
    "MAEMetric": ("mae_metric", "values", "Mean absolute error of each sample, averaged."),
    "MAPEMetric": (
        "mape_metric",
        "values",
        "Mean absolute percentage error of each sample, averaged.",
    ),
    "MSEMetric": ("mse_metric", "values", "Mean squared error of each sample, averaged."),
    "MeanIoU": ("mean_iou", "masks", "Intersection over union."),
    "MultiScaleSSIMMetric": (
        "multi_scale_ssim_metric",
        "values",
        "Structural similarity of images at several scales.",
    ),
    "PSNRMetric": ("psnr_metric", "values", "Peak signal-to-noise ratio of images."),
    "PanopticQualityMetric": (
        "panoptic_quality_metric",
        "values",
        "Quality of instance segmentation: channels are instances and classes.",
    ),
    "RMSEMetric": ("rmse_metric", "values", "Root mean squared error of each sample, averaged."),
    "ROCAUCMetric": ("rocauc_metric", "scores", "Area under the ROC curve."),
    "SSIMMetric": ("ssim_metric", "values", "Structural similarity of images."),
    "SurfaceDiceMetric": ("surface_dice_metric", "masks", "Share of surfaces within a distance."),
    "SurfaceDistanceMetric": (
        "surface_distance_metric",
        "masks",
        "Mean distance from one surface to the other.",
    ),
}

#: Names shared with kplug, torch or another plugin, which own the bare names.
QUALIFIED_ONLY = frozenset(
    {"dice_loss", "fbeta_score", "focal_loss", "generalized_dice_score", "mean_iou", "tversky_loss"}
)

_PREDICTIONS = "it looks at the predictions alone"
_MASK = "it takes a mask besides targets and predictions"
_WRAPS = "it wraps another loss"
_FEATURES = "it compares two whole sets of features"
_PACKAGE = "it needs the package MetricsReloaded"
_PART = "it is a part of metrics, or their base"
#: Omitted classes, with the reason.
LEFT_OUT = {
    "AUCMLoss": "it has weights of its own to train, against the gradient",
    "BendingEnergyLoss": _PREDICTIONS,
    "CalibrationReduction": _PART,
    "Cumulative": _PART,
    "CumulativeAverage": _PART,
    "CumulativeIterationMetric": _PART,
    "Dice": "another name of DiceLoss",
    "DeepSupervisionLoss": "it takes a list of predictions, and wraps another loss",
    "DiceHelper": _PART,
    "DiffusionLoss": _PREDICTIONS,
    "EmbeddingCollapseMetric": _FEATURES,
    "FIDMetric": _FEATURES,
    "IterationMetric": _PART,
    "LabelQualityScore": "it scores labels, by several predictions",
    "LossMetric": _WRAPS,
    "MMDMetric": _FEATURES,
    "MaskedDiceLoss": _MASK,
    "MaskedLoss": _MASK,
    "Metric": _PART,
    "MetricsReloadedBinary": _PACKAGE,
    "MetricsReloadedCategorical": _PACKAGE,
    "MultiScaleLoss": _WRAPS,
    "PatchAdversarialLoss": "it takes a flag instead of targets",
    "PerceptualLoss": "it downloads a network",
    "SURELoss": "it takes the network",
    "VarianceMetric": _PREDICTIONS,
}
