"""The classes of torchmetrics, and what each wants to be given. Written by hand; a test compares it."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One class.

    Args:
        name: Its name as a component.
        inputs: What its ``update`` takes, see `kplug_torchmetrics.inputs`.
        summary: One line for listings.
    """

    name: str
    inputs: str
    summary: str


ROWS: dict[str, Row] = {
    "AUROC": Row("auroc", "classes", "Area under the ROC curve."),
    "ROC": Row("roc", "classes", "ROC curve."),
    "Accuracy": Row("accuracy", "classes", "Share of right answers."),
    "AveragePrecision": Row(
        "average_precision", "classes", "Area under the precision-recall curve, as a sum of steps."
    ),
    "BLEUScore": Row("bleu_score", "texts", "BLEU score of translations."),
    "BootStrapper": Row(
        "boot_strapper", "inner", "Mean and spread of a metric over resampled batches."
    ),
    "CHRFScore": Row("chrf_score", "texts", "F-score of character n-grams."),
    "CalibrationError": Row(
        "calibration_error", "classes", "Distance between confidence and share of right answers."
    ),
    "CatMetric": Row("cat_metric", "aggregate", "All predictions, joined."),
    "CharErrorRate": Row("char_error_rate", "texts", "Character error rate of transcripts."),
    "ClasswiseWrapper": Row("classwise_wrapper", "inner", "A log for each class of a metric."),
    "CohenKappa": Row("cohen_kappa", "classes", "Agreement beyond chance."),
    "ConcordanceCorrCoef": Row("concordance_corr_coef", "values", "Lin's concordance correlation."),
    "ConfusionMatrix": Row("confusion_matrix", "classes", "Confusion matrix."),
    "CosineSimilarity": Row("cosine_similarity", "vectors", "Cosine of the angle between rows."),
    "CramersV": Row("cramers_v", "categories", "Association of two categorical variables."),
    "CriticalSuccessIndex": Row(
        "critical_success_index", "values", "Critical success index of forecasts."
    ),
    "ErrorRelativeGlobalDimensionlessSynthesis": Row(
        "error_relative_global_dimensionless_synthesis", "images", "ERGAS of fused images."
    ),
    "ExactMatch": Row("exact_match", "classes", "Share of samples whose answers are all right."),
    "ExplainedVariance": Row("explained_variance", "values", "Share of the variance explained."),
    "ExtendedEditDistance": Row(
        "extended_edit_distance", "texts", "Extended edit distance of translations."
    ),
    "F1Score": Row("f1_score", "classes", "Harmonic mean of precision and recall."),
    "FBetaScore": Row("fbeta_score", "classes", "F-score in which recall counts beta² times."),
    "FleissKappa": Row("fleiss_kappa", "predictions", "Agreement of several raters beyond chance."),
    "HammingDistance": Row("hamming_distance", "classes", "Share of wrong answers."),
    "HingeLoss": Row("hinge_loss", "classes", "Mean hinge loss."),
    "JaccardIndex": Row("jaccard_index", "classes", "Intersection over union."),
    "KLDivergence": Row("kl_divergence", "reversed", "Kullback-Leibler divergence."),
    "KendallRankCorrCoef": Row("kendall_rank_corr_coef", "values", "Kendall's rank correlation."),
    "LogAUC": Row("log_auc", "classes", "Area under the ROC curve on a logarithmic axis."),
    "LogCoshError": Row(
        "log_cosh_error", "values", "Logarithm of the hyperbolic cosine of the error."
    ),
    "MatchErrorRate": Row("match_error_rate", "texts", "Match error rate of transcripts."),
    "MatthewsCorrCoef": Row("matthews_corr_coef", "classes", "Matthews correlation."),
    "MaxMetric": Row("max_metric", "aggregate", "Largest prediction."),
    "MeanAbsoluteError": Row("mean_absolute_error", "values", "Mean of absolute errors."),
    "MeanAbsolutePercentageError": Row(
        "mean_absolute_percentage_error", "values", "Mean of relative errors."
    ),
    "MeanMetric": Row("mean_metric", "aggregate", "Weighted mean of predictions."),
    "MeanSquaredError": Row("mean_squared_error", "values", "Mean of squared errors, or its root."),
    "MeanSquaredLogError": Row(
        "mean_squared_log_error", "values", "Mean of squared errors of logarithms."
    ),
    "MetricCollection": Row("metric_collection", "inner", "Several metrics at once."),
    "MinMaxMetric": Row(
        "min_max_metric", "inner", "A metric with its smallest and largest value so far."
    ),
    "MinMetric": Row("min_metric", "aggregate", "Smallest prediction."),
    "MinkowskiDistance": Row("minkowski_distance", "values", "Minkowski distance."),
    "ModifiedPanopticQuality": Row(
        "modified_panoptic_quality", "labels", "Panoptic quality with a softer rule for stuff."
    ),
    "MultiScaleStructuralSimilarityIndexMeasure": Row(
        "multi_scale_structural_similarity_index_measure",
        "images",
        "Structural similarity over several scales.",
    ),
    "MultioutputWrapper": Row("multioutput_wrapper", "inner", "A metric for each output."),
    "NegativePredictiveValue": Row(
        "negative_predictive_value", "classes", "Share of the no answers that are right."
    ),
    "NormalizedRootMeanSquaredError": Row(
        "normalized_root_mean_squared_error",
        "values",
        "Root of the mean squared error, divided by the targets' scale.",
    ),
    "PanopticQuality": Row("panoptic_quality", "labels", "Panoptic quality of segmentations."),
    "PeakSignalNoiseRatio": Row("peak_signal_noise_ratio", "images", "Peak signal-to-noise ratio."),
    "PearsonCorrCoef": Row("pearson_corr_coef", "values", "Pearson's correlation."),
    "PearsonsContingencyCoefficient": Row(
        "pearsons_contingency_coefficient",
        "categories",
        "Association of two categorical variables.",
    ),
    "PermutationInvariantTraining": Row(
        "permutation_invariant_training",
        "signals",
        "Best value of a function over permutations of speakers.",
    ),
    "Perplexity": Row("perplexity", "labels", "Perplexity of a language model."),
    "Precision": Row("precision", "classes", "Share of the yes answers that are right."),
    "PrecisionAtFixedRecall": Row(
        "precision_at_fixed_recall", "classes", "Best precision where the recall reaches a bound."
    ),
    "PrecisionRecallCurve": Row("precision_recall_curve", "classes", "Precision-recall curve."),
    "R2Score": Row("r2_score", "values", "Coefficient of determination."),
    "Recall": Row("recall", "classes", "Share of the true labels that are found."),
    "RecallAtFixedPrecision": Row(
        "recall_at_fixed_precision", "classes", "Best recall where the precision reaches a bound."
    ),
    "RelativeAverageSpectralError": Row(
        "relative_average_spectral_error", "images", "RASE of fused images."
    ),
    "RelativeSquaredError": Row(
        "relative_squared_error", "values", "Squared error over that of the mean."
    ),
    "RetrievalFallOut": Row(
        "retrieval_fall_out", "queries", "Share of irrelevant documents that are retrieved."
    ),
    "RetrievalHitRate": Row(
        "retrieval_hit_rate", "queries", "Share of queries with a relevant document among the best."
    ),
    "RetrievalMAP": Row("retrieval_map", "queries", "Mean average precision of queries."),
    "RetrievalMRR": Row(
        "retrieval_mrr", "queries", "Mean reciprocal rank of the first relevant document."
    ),
    "RetrievalNormalizedDCG": Row(
        "retrieval_normalized_dcg", "queries", "Normalized discounted cumulative gain."
    ),
    "RetrievalPrecision": Row(
        "retrieval_precision", "queries", "Share of retrieved documents that are relevant."
    ),
    "RetrievalPrecisionRecallCurve": Row(
        "retrieval_precision_recall_curve",
        "queries",
        "Precision and recall over the number of documents.",
    ),
    "RetrievalRPrecision": Row(
        "retrieval_r_precision", "queries", "Precision at the number of relevant documents."
    ),
    "RetrievalRecall": Row(
        "retrieval_recall", "queries", "Share of relevant documents that are retrieved."
    ),
    "RetrievalRecallAtFixedPrecision": Row(
        "retrieval_recall_at_fixed_precision",
        "queries",
        "Best recall where the precision reaches a bound.",
    ),
    "RootMeanSquaredErrorUsingSlidingWindow": Row(
        "root_mean_squared_error_using_sliding_window",
        "images",
        "Root mean squared error over windows.",
    ),
    "RunningMean": Row("running_mean", "aggregate", "Mean of the last predictions."),
    "RunningSum": Row("running_sum", "aggregate", "Sum of the last predictions."),
    "SQuAD": Row("squad", "texts", "Exact match and F1 of answers to questions."),
    "SacreBLEUScore": Row("sacre_bleu_score", "texts", "BLEU score with a fixed tokenizer."),
    "ScaleInvariantSignalDistortionRatio": Row(
        "scale_invariant_signal_distortion_ratio", "signals", "SI-SDR of signals."
    ),
    "ScaleInvariantSignalNoiseRatio": Row(
        "scale_invariant_signal_noise_ratio", "signals", "SI-SNR of signals."
    ),
    "SensitivityAtSpecificity": Row(
        "sensitivity_at_specificity",
        "classes",
        "Best sensitivity where the specificity reaches a bound.",
    ),
    "SignalDistortionRatio": Row("signal_distortion_ratio", "signals", "SDR of signals."),
    "SignalNoiseRatio": Row("signal_noise_ratio", "signals", "SNR of signals."),
    "SpearmanCorrCoef": Row("spearman_corr_coef", "values", "Spearman's rank correlation."),
    "Specificity": Row(
        "specificity", "classes", "Share of the false labels that are answered with no."
    ),
    "SpecificityAtSensitivity": Row(
        "specificity_at_sensitivity",
        "classes",
        "Best specificity where the sensitivity reaches a bound.",
    ),
    "SpectralAngleMapper": Row(
        "spectral_angle_mapper", "images", "Angle between the spectra of pixels."
    ),
    "SpectralDistortionIndex": Row(
        "spectral_distortion_index", "images", "Spectral distortion of fused images."
    ),
    "StatScores": Row("stat_scores", "classes", "Counts of right and wrong answers."),
    "StructuralSimilarityIndexMeasure": Row(
        "structural_similarity_index_measure", "images", "Structural similarity."
    ),
    "SumMetric": Row("sum_metric", "aggregate", "Sum of predictions."),
    "SymmetricMeanAbsolutePercentageError": Row(
        "symmetric_mean_absolute_percentage_error",
        "values",
        "Mean of errors relative to both sides.",
    ),
    "TheilsU": Row(
        "theils_u", "categories", "Uncertainty that one categorical variable leaves about another."
    ),
    "TotalVariation": Row("total_variation", "image", "Total variation of predicted images."),
    "TranslationEditRate": Row("translation_edit_rate", "texts", "Edit rate of translations."),
    "TschuprowsT": Row("tschuprows_t", "categories", "Association of two categorical variables."),
    "TweedieDevianceScore": Row(
        "tweedie_deviance_score", "values", "Deviance of a Tweedie distribution."
    ),
    "UniversalImageQualityIndex": Row(
        "universal_image_quality_index", "images", "Universal image quality index."
    ),
    "WeightedMeanAbsolutePercentageError": Row(
        "weighted_mean_absolute_percentage_error",
        "values",
        "Sum of absolute errors over the sum of targets.",
    ),
    "WordErrorRate": Row("word_error_rate", "texts", "Word error rate of transcripts."),
    "WordInfoLost": Row("word_info_lost", "texts", "Word information lost."),
    "WordInfoPreserved": Row("word_info_preserved", "texts", "Word information preserved."),
}

#: Public names of torchmetrics that are no metric of targets and predictions, with the reason.
LEFT_OUT: dict[str, str] = {
    "Metric": "the base class",
    "MetricTracker": "it has to be told when an epoch ends; History keeps the values of all epochs",
    "MultitaskWrapper": "it takes dicts of targets and predictions, and a model here has one output",
    "functional": "functions without state; the classes call them",
}

#: kplug has metrics of these names. The bare name means kplug's, without a warning each time; these are
#: reached as ``kplug-torchmetrics/<name>``.
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
        "mean_squared_error",
        "precision",
        "r2_score",
        "recall",
        "sensitivity_at_specificity",
        "specificity_at_sensitivity",
    }
)
