"""The metrics that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

# fmt: off
_COMPONENTS = (
    Component("accuracy", "kplug.metrics.accuracy:AutoAccuracy", ("acc",), summary="The accuracy that fits the shapes; metrics=[\"accuracy\"] means this one."),
    Component("auc", "kplug.metrics.auc:AUC", summary="Area under the ROC, precision-recall or precision-recall-gain curve, by a Riemann sum."),
    Component("binary_accuracy", "kplug.metrics.accuracy:BinaryAccuracy", summary="Share of binary predictions that are right."),
    Component("binary_crossentropy", "kplug.metrics.from_losses:BinaryCrossentropy", ("bce",), summary="Cross-entropy of binary labels: mean −[y ln ŷ + (1 − y) ln(1 − ŷ)]."),
    Component("binary_focal_crossentropy", "kplug.losses.binary_focal:BinaryFocalCrossentropy", summary="Binary cross-entropy in which well-classified samples count less."),
    Component("binary_iou", "kplug.metrics.iou:BinaryIoU", summary="Intersection over union of class 0, of class 1, or their mean, in binary segmentation."),
    Component("categorical_accuracy", "kplug.metrics.accuracy:CategoricalAccuracy", summary="Share of samples whose best score is the true class, with one-hot targets."),
    Component("categorical_crossentropy", "kplug.metrics.from_losses:CategoricalCrossentropy", ("cce",), summary="Cross-entropy of exclusive classes with one-hot targets: mean −Σ y ln ŷ."),
    Component("categorical_focal_crossentropy", "kplug.losses.categorical_focal:CategoricalFocalCrossentropy", summary="Cross-entropy of exclusive classes in which well-classified samples count less."),
    Component("categorical_hinge", "kplug.metrics.from_losses:CategoricalHinge", summary="Margin of the true class over the best wrong one: mean max(0, max((1 − y)·ŷ) − Σ y·ŷ + 1)."),
    Component("concordance_correlation", "kplug.metrics.correlation:ConcordanceCorrelation", summary="Mean of Lin's concordance between targets and predictions along an axis."),
    Component("cosine_proximity", "kplug.losses.similarity:CosineSimilarity", ("cosine",), summary="Negative cosine of the angle between target and prediction."),
    Component("cosine_similarity", "kplug.metrics.regression:CosineSimilarity", summary="Cosine of the angle between target and prediction: mean Σ y·ŷ / (‖y‖ ‖ŷ‖); 1 is the best value."),
    Component("crossentropy", "kplug.losses.sparse:Crossentropy", ("ce",), summary="The cross-entropy that fits the shapes."),
    Component("exact_accuracy", "kplug.metrics.accuracy:Accuracy", summary="Share of predictions that equal the target."),
    Component("f1_score", "kplug.metrics.f_score:F1Score", summary="Harmonic mean of precision p and recall r."),
    Component("false_negatives", "kplug.metrics.counts:FalseNegatives", summary="Weight of the negative predictions that are wrong: Σ w [y = 1][ŷ ≤ t]."),
    Component("false_positives", "kplug.metrics.counts:FalsePositives", summary="Weight of the positive predictions that are wrong: Σ w [y = 0][ŷ > t]."),
    Component("fbeta_score", "kplug.metrics.f_score:FBetaScore", summary="Harmonic mean of precision p and recall r, in which recall counts β² times."),
    Component("hinge", "kplug.metrics.from_losses:Hinge", summary="Margin that is missing to 1: mean max(1 − y·ŷ, 0)."),
    Component("huber", "kplug.losses.robust:Huber", ("huber_loss",), summary="Squared for small errors, absolute for large ones."),
    Component("iou", "kplug.metrics.iou:IoU", summary="Mean over some classes of intersection over union, TP / (TP + FP + FN)."),
    Component("kl_divergence", "kplug.metrics.from_losses:KLDivergence", ("kld", "kullback_leibler_divergence"), summary="Kullback-Leibler divergence: mean Σ y ln(y / ŷ)."),
    Component("log_cosh_error", "kplug.metrics.regression:LogCoshError", ("log_cosh",), summary="Logarithm of the hyperbolic cosine of the error: mean ln cosh(ŷ − y)."),
    Component("mean", "kplug.metrics.mean:Mean", summary="Weighted mean of the values it is given."),
    Component("mean_absolute_error", "kplug.metrics.regression:MeanAbsoluteError", ("mae",), summary="Mean of absolute differences: mean |ŷ − y|."),
    Component("mean_absolute_percentage_error", "kplug.metrics.regression:MeanAbsolutePercentageError", ("mape",), summary="Mean of relative differences in percent: 100 · mean |y − ŷ| / max(|y|, ε)."),
    Component("mean_iou", "kplug.metrics.iou:MeanIoU", summary="Mean over all classes of intersection over union, TP / (TP + FP + FN)."),
    Component("mean_squared_error", "kplug.metrics.regression:MeanSquaredError", ("mse",), summary="Mean of squared differences: mean (ŷ − y)²."),
    Component("mean_squared_logarithmic_error", "kplug.metrics.regression:MeanSquaredLogarithmicError", ("msle",), summary="Mean of squared differences of logarithms: mean (ln(max(ŷ, ε) + 1) − ln(max(y, ε) + 1))²."),
    Component("one_hot_iou", "kplug.metrics.iou:OneHotIoU", summary="IoU of one-hot targets (N, …, C), by default against scores of the same shape."),
    Component("one_hot_mean_iou", "kplug.metrics.iou:OneHotMeanIoU", summary="MeanIoU of one-hot targets (N, …, C), by default against scores of the same shape."),
    Component("pearson_correlation", "kplug.metrics.correlation:PearsonCorrelation", summary="Mean of Pearson's correlation between targets and predictions along an axis."),
    Component("poisson", "kplug.metrics.from_losses:Poisson", summary="Negative log-likelihood of counts: mean (ŷ − y ln(ŷ + ε))."),
    Component("precision", "kplug.metrics.precision_recall:Precision", summary="Share of the positive predictions that are right."),
    Component("precision_at_recall", "kplug.metrics.operating_points:PrecisionAtRecall", summary="Best precision TP / (TP + FP) where the recall TP / (TP + FN) reaches a bound."),
    Component("r2_score", "kplug.metrics.r2_score:R2Score", summary="Coefficient of determination, R² = 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², for each output."),
    Component("recall", "kplug.metrics.precision_recall:Recall", summary="Share of the positive labels that are found."),
    Component("recall_at_precision", "kplug.metrics.operating_points:RecallAtPrecision", summary="Best recall TP / (TP + FN) where the precision TP / (TP + FP) reaches a bound."),
    Component("root_mean_squared_error", "kplug.metrics.regression:RootMeanSquaredError", ("rmse",), summary="Root of the mean of squared differences: √ mean (ŷ − y)², the root taken last."),
    Component("sensitivity_at_specificity", "kplug.metrics.operating_points:SensitivityAtSpecificity", summary="Best sensitivity TP / (TP + FN) where the specificity TN / (TN + FP) reaches a bound."),
    Component("sparse_categorical_accuracy", "kplug.metrics.accuracy:SparseCategoricalAccuracy", summary="Share of samples whose best score is the true class, with class ids as targets."),
    Component("sparse_categorical_crossentropy", "kplug.metrics.from_losses:SparseCategoricalCrossentropy", summary="Cross-entropy of exclusive classes with class ids: mean −ln ŷ[y]."),
    Component("sparse_top_k_categorical_accuracy", "kplug.metrics.top_k:SparseTopKCategoricalAccuracy", summary="Share of samples whose true class is among the k best scores, with class ids as targets."),
    Component("specificity_at_sensitivity", "kplug.metrics.operating_points:SpecificityAtSensitivity", summary="Best specificity TN / (TN + FP) where the sensitivity TP / (TP + FN) reaches a bound."),
    Component("squared_hinge", "kplug.metrics.from_losses:SquaredHinge", summary="Square of the missing margin: mean max(1 − y·ŷ, 0)²."),
    Component("sum", "kplug.metrics.mean:Sum", summary="Weighted sum of the values it is given."),
    Component("top_k_categorical_accuracy", "kplug.metrics.top_k:TopKCategoricalAccuracy", summary="Share of samples whose true class is among the k best scores, with one-hot targets."),
    Component("true_negatives", "kplug.metrics.counts:TrueNegatives", summary="Weight of the negative predictions that are right: Σ w [y = 0][ŷ ≤ t]."),
    Component("true_positives", "kplug.metrics.counts:TruePositives", summary="Weight of the positive predictions that are right: Σ w [y = 1][ŷ > t]."),
)
# fmt: on


@hookimpl
def kplug_metrics() -> dict[str, Component]:
    """Return the table."""
    return {component.name: component for component in _COMPONENTS}
