"""Table of torchmetrics's classes and the inputs they take, handwritten and compared by a test."""

from __future__ import annotations

import re
from typing import NamedTuple


class Row(NamedTuple):
    """One class.

    Args:
        name: Its name as a component.
        inputs: The input kind of its ``update``, see `kplug_torchmetrics.inputs`.
        summary: One line for listings.
    """

    name: str
    inputs: str
    summary: str


_CLASSES = {
    "AUROC": ("classes", "Area under the ROC curve."),
    "ROC": ("classes", "ROC curve."),
    "Accuracy": ("classes", "Share of right predictions."),
    "AveragePrecision": ("classes", "Area under the precision-recall curve, as a sum of steps."),
    "BLEUScore": ("texts", "BLEU score of translations."),
    "BootStrapper": ("inner", "Mean and spread of a metric over resampled batches."),
    "CHRFScore": ("texts", "F-score of character n-grams."),
    "CalibrationError": ("classes", "Distance between confidence and accuracy."),
    "CatMetric": ("aggregate", "All predictions, joined."),
    "CharErrorRate": ("texts", "Character error rate of transcripts."),
    "ClasswiseWrapper": ("inner", "A log for each class of a metric."),
    "CohenKappa": ("classes", "Agreement beyond chance."),
    "ConcordanceCorrCoef": ("values", "Lin's concordance correlation."),
    "ConfusionMatrix": ("classes", "Confusion matrix."),
    "CosineSimilarity": ("vectors", "Cosine of the angle between rows."),
    "CramersV": ("categories", "Association of two categorical variables."),
    "CriticalSuccessIndex": ("values", "Critical success index of forecasts."),
    "DiceScore": ("masks", "Dice score of segmentations."),
    "ErrorRelativeGlobalDimensionlessSynthesis": ("images", "ERGAS of fused images."),
    "ExactMatch": ("classes", "Share of samples whose labels are all right."),
    "ExplainedVariance": ("values", "Share of the variance explained."),
    "ExtendedEditDistance": ("texts", "Extended edit distance of translations."),
    "F1Score": ("classes", "Harmonic mean of precision and recall."),
    "FBetaScore": ("classes", "F-score in which recall counts beta² times."),
    "FleissKappa": ("predictions", "Agreement of several raters beyond chance."),
    "GeneralizedDiceScore": ("masks", "Dice score in which rare classes count as much as others."),
    "HammingDistance": ("classes", "Share of wrong predictions."),
    "HausdorffDistance": ("masks", "Largest distance between the borders of segmentations."),
    "HingeLoss": ("classes", "Mean hinge loss."),
    "JaccardIndex": ("classes", "Intersection over union."),
    "KLDivergence": ("reversed", "Kullback-Leibler divergence."),
    "KendallRankCorrCoef": ("values", "Kendall's rank correlation."),
    "LogAUC": ("classes", "Area under the ROC curve on a logarithmic axis."),
    "LogCoshError": ("values", "Logarithm of the hyperbolic cosine of the error."),
    "MatchErrorRate": ("texts", "Match error rate of transcripts."),
    "MatthewsCorrCoef": ("classes", "Matthews correlation."),
    "MaxMetric": ("aggregate", "Largest prediction."),
    "MeanAbsoluteError": ("values", "Mean of absolute errors."),
    "MeanAbsolutePercentageError": ("values", "Mean of relative errors."),
    "MeanIoU": ("masks", "Intersection over union of segmentations, averaged over classes."),
    "MeanMetric": ("aggregate", "Weighted mean of predictions."),
    "MeanSquaredError": ("values", "Mean of squared errors, or its root."),
    "MeanSquaredLogError": ("values", "Mean of squared errors of logarithms."),
    "MetricCollection": ("inner", "Several metrics at once."),
    "MinMaxMetric": ("inner", "A metric with its smallest and largest value so far."),
    "MinMetric": ("aggregate", "Smallest prediction."),
    "MinkowskiDistance": ("values", "Minkowski distance."),
    "ModifiedPanopticQuality": ("labels", "Panoptic quality with a softer rule for stuff."),
    "MultiScaleStructuralSimilarityIndexMeasure": (
        "images",
        "Structural similarity over several scales.",
    ),
    "MultioutputWrapper": ("inner", "A metric for each output."),
    "NegativePredictiveValue": ("classes", "Share of the negative predictions that are right."),
    "NormalizedRootMeanSquaredError": (
        "values",
        "Root of the mean squared error, divided by the targets' scale.",
    ),
    "PanopticQuality": ("labels", "Panoptic quality of segmentations."),
    "PeakSignalNoiseRatio": ("images", "Peak signal-to-noise ratio."),
    "PearsonCorrCoef": ("values", "Pearson's correlation."),
    "PearsonsContingencyCoefficient": ("categories", "Association of two categorical variables."),
    "PermutationInvariantTraining": (
        "signals",
        "Best value of a function over permutations of speakers.",
    ),
    "Perplexity": ("labels", "Perplexity of a language model."),
    "Precision": ("classes", "Share of the positive predictions that are right."),
    "PrecisionAtFixedRecall": ("classes", "Best precision where the recall reaches a bound."),
    "PrecisionRecallCurve": ("classes", "Precision-recall curve."),
    "R2Score": ("values", "Coefficient of determination."),
    "Recall": ("classes", "Share of the true labels that are found."),
    "RecallAtFixedPrecision": ("classes", "Best recall where the precision reaches a bound."),
    "RelativeAverageSpectralError": ("images", "RASE of fused images."),
    "RelativeSquaredError": ("values", "Squared error over that of the mean."),
    "RetrievalFallOut": ("queries", "Share of irrelevant documents that are retrieved."),
    "RetrievalHitRate": ("queries", "Share of queries with a relevant document among the best."),
    "RetrievalMAP": ("queries", "Mean average precision of queries."),
    "RetrievalMRR": ("queries", "Mean reciprocal rank of the first relevant document."),
    "RetrievalNormalizedDCG": ("queries", "Normalized discounted cumulative gain."),
    "RetrievalPrecision": ("queries", "Share of retrieved documents that are relevant."),
    "RetrievalPrecisionRecallCurve": (
        "queries",
        "Precision and recall over the number of documents.",
    ),
    "RetrievalRPrecision": ("queries", "Precision at the number of relevant documents."),
    "RetrievalRecall": ("queries", "Share of relevant documents that are retrieved."),
    "RetrievalRecallAtFixedPrecision": (
        "queries",
        "Best recall where the precision reaches a bound.",
    ),
    "RootMeanSquaredErrorUsingSlidingWindow": ("images", "Root mean squared error over windows."),
    "RunningMean": ("aggregate", "Mean of the last predictions."),
    "RunningSum": ("aggregate", "Sum of the last predictions."),
    "SQuAD": ("texts", "Exact match and F1 of answers to questions."),
    "SacreBLEUScore": ("texts", "BLEU score with a fixed tokenizer."),
    "ScaleInvariantSignalDistortionRatio": ("signals", "SI-SDR of signals."),
    "ScaleInvariantSignalNoiseRatio": ("signals", "SI-SNR of signals."),
    "SensitivityAtSpecificity": (
        "classes",
        "Best sensitivity where the specificity reaches a bound.",
    ),
    "SignalDistortionRatio": ("signals", "SDR of signals."),
    "SignalNoiseRatio": ("signals", "SNR of signals."),
    "SpearmanCorrCoef": ("values", "Spearman's rank correlation."),
    "Specificity": ("classes", "Share of the negative labels that are found."),
    "SpecificityAtSensitivity": (
        "classes",
        "Best specificity where the sensitivity reaches a bound.",
    ),
    "SpectralAngleMapper": ("images", "Angle between the spectra of pixels."),
    "SpectralDistortionIndex": ("images", "Spectral distortion of fused images."),
    "StatScores": ("classes", "Counts of right and wrong predictions."),
    "StructuralSimilarityIndexMeasure": ("images", "Structural similarity."),
    "SumMetric": ("aggregate", "Sum of predictions."),
    "SymmetricMeanAbsolutePercentageError": ("values", "Mean of errors relative to both sides."),
    "TheilsU": ("categories", "Uncertainty that one categorical variable leaves about another."),
    "TotalVariation": ("image", "Total variation of predicted images."),
    "TranslationEditRate": ("texts", "Edit rate of translations."),
    "TschuprowsT": ("categories", "Association of two categorical variables."),
    "TweedieDevianceScore": ("values", "Deviance of a Tweedie distribution."),
    "UniversalImageQualityIndex": ("images", "Universal image quality index."),
    "WeightedMeanAbsolutePercentageError": (
        "values",
        "Sum of absolute errors over the sum of targets.",
    ),
    "WordErrorRate": ("texts", "Word error rate of transcripts."),
    "WordInfoLost": ("texts", "Word information lost."),
    "WordInfoPreserved": ("texts", "Word information preserved."),
}

# Names that do not follow from the class name.
_NAMES = {"FBetaScore": "fbeta_score", "MeanIoU": "mean_iou", "SQuAD": "squad"}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

ROWS: dict[str, Row] = {
    name: Row(_NAMES.get(name) or _WORD_START.sub("_", name).lower(), *row)
    for name, row in _CLASSES.items()
}

#: Public names of torchmetrics that are no metric of targets and predictions, with the reason.
LEFT_OUT: dict[str, str] = {
    "Metric": "the base class",
    "MetricTracker": "it has to be told when an epoch ends; History keeps the values of all epochs",
    "MultitaskWrapper": "it takes dicts of targets and predictions, and a model here has one output",
    "functional": "functions without state; the classes call them",
}

#: Names of kplug's own metrics. A bare name means kplug's, without a warning; torchmetrics's metrics are
#: ``kplug-torchmetrics/<name>``.
NAMED_LIKE_BUILT_INS: frozenset[str] = frozenset(
    {
        "accuracy",
        "cosine_similarity",
        "f1_score",
        "fbeta_score",
        "kl_divergence",
        "log_cosh_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_iou",
        "mean_squared_error",
        "precision",
        "r2_score",
        "recall",
        "sensitivity_at_specificity",
        "specificity_at_sensitivity",
    }
)
