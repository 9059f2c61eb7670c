"""The metrics that ship with kplug. Names only: what they name is imported when it is used."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_FAMILY = "kplug.metrics"


def _component(name: str, target: str, summary: str, *aliases: str) -> Component:
    return Component(name, f"{_FAMILY}.{target}", aliases, role="class", summary=summary)


_ACCURACIES = (
    _component("accuracy", "accuracy:AutoAccuracy", "The accuracy that fits the shapes.", "acc"),
    _component(
        "exact_accuracy", "accuracy:Accuracy", "Share of predictions that equal the target."
    ),
    _component(
        "binary_accuracy", "accuracy:BinaryAccuracy", "Share of yes/no answers that are right."
    ),
    _component(
        "categorical_accuracy",
        "accuracy:CategoricalAccuracy",
        "Share of samples with the right class, one-hot targets.",
    ),
    _component(
        "sparse_categorical_accuracy",
        "accuracy:SparseCategoricalAccuracy",
        "Share of samples with the right class, class ids.",
    ),
    _component(
        "top_k_categorical_accuracy",
        "top_k:TopKCategoricalAccuracy",
        "Share of samples with the class among the k best, one-hot targets.",
    ),
    _component(
        "sparse_top_k_categorical_accuracy",
        "top_k:SparseTopKCategoricalAccuracy",
        "Share of samples with the class among the k best, class ids.",
    ),
)

_ERRORS = (
    _component(
        "mean_squared_error", "regression:MeanSquaredError", "Mean of squared errors.", "mse"
    ),
    _component(
        "root_mean_squared_error",
        "regression:RootMeanSquaredError",
        "Root of the mean of squared errors.",
        "rmse",
    ),
    _component(
        "mean_absolute_error", "regression:MeanAbsoluteError", "Mean of absolute errors.", "mae"
    ),
    _component(
        "mean_absolute_percentage_error",
        "regression:MeanAbsolutePercentageError",
        "Mean of relative errors, in percent.",
        "mape",
    ),
    _component(
        "mean_squared_logarithmic_error",
        "regression:MeanSquaredLogarithmicError",
        "Mean of squared errors of logarithms.",
        "msle",
    ),
    _component(
        "log_cosh_error",
        "regression:LogCoshError",
        "Logarithm of the hyperbolic cosine of the error.",
        "log_cosh",
    ),
    _component(
        "cosine_similarity",
        "regression:CosineSimilarity",
        "Cosine of the angle between target and prediction.",
    ),
)

_FROM_LOSSES = (
    _component(
        "binary_crossentropy",
        "from_losses:BinaryCrossentropy",
        "Cross-entropy of yes/no answers.",
        "bce",
    ),
    _component(
        "categorical_crossentropy",
        "from_losses:CategoricalCrossentropy",
        "Cross-entropy of classes, one-hot targets.",
        "cce",
    ),
    _component(
        "sparse_categorical_crossentropy",
        "from_losses:SparseCategoricalCrossentropy",
        "Cross-entropy of classes, class ids.",
    ),
    _component(
        "kl_divergence",
        "from_losses:KLDivergence",
        "Kullback-Leibler divergence.",
        "kld",
        "kullback_leibler_divergence",
    ),
    _component("poisson", "from_losses:Poisson", "Negative log-likelihood of counts."),
    _component("hinge", "from_losses:Hinge", "Margin that is missing to 1."),
    _component("squared_hinge", "from_losses:SquaredHinge", "Square of the missing margin."),
    _component(
        "categorical_hinge",
        "from_losses:CategoricalHinge",
        "Margin of the true class over the best wrong one.",
    ),
)

_CONFUSION = (
    _component("true_positives", "counts:TruePositives", "Weight of right yes answers."),
    _component("false_positives", "counts:FalsePositives", "Weight of wrong yes answers."),
    _component("true_negatives", "counts:TrueNegatives", "Weight of right no answers."),
    _component("false_negatives", "counts:FalseNegatives", "Weight of wrong no answers."),
    _component(
        "precision", "precision_recall:Precision", "Share of the yes answers that are right."
    ),
    _component("recall", "precision_recall:Recall", "Share of the true labels that are found."),
    _component("auc", "auc:AUC", "Area under the ROC, precision-recall or gain curve."),
    _component(
        "sensitivity_at_specificity",
        "operating_points:SensitivityAtSpecificity",
        "Best sensitivity where the specificity reaches a bound.",
    ),
    _component(
        "specificity_at_sensitivity",
        "operating_points:SpecificityAtSensitivity",
        "Best specificity where the sensitivity reaches a bound.",
    ),
    _component(
        "precision_at_recall",
        "operating_points:PrecisionAtRecall",
        "Best precision where the recall reaches a bound.",
    ),
    _component(
        "recall_at_precision",
        "operating_points:RecallAtPrecision",
        "Best recall where the precision reaches a bound.",
    ),
    _component("f1_score", "f_score:F1Score", "Harmonic mean of precision and recall."),
    _component("fbeta_score", "f_score:FBetaScore", "F-score in which recall counts beta² times."),
)

_OVERLAPS = (
    _component("iou", "iou:IoU", "Mean over some classes of intersection over union."),
    _component("mean_iou", "iou:MeanIoU", "Mean over all classes of intersection over union."),
    _component(
        "binary_iou", "iou:BinaryIoU", "Intersection over union of yes, of no, or their mean."
    ),
    _component("one_hot_iou", "iou:OneHotIoU", "Intersection over union with one-hot targets."),
    _component(
        "one_hot_mean_iou",
        "iou:OneHotMeanIoU",
        "Mean intersection over union with one-hot targets.",
    ),
)

_FITS = (
    _component("r2_score", "r2_score:R2Score", "Share of the targets' variance explained."),
    _component(
        "pearson_correlation",
        "correlation:PearsonCorrelation",
        "Pearson's correlation along an axis.",
    ),
    _component(
        "concordance_correlation",
        "correlation:ConcordanceCorrelation",
        "Lin's concordance along an axis.",
    ),
)

_VALUES = (
    _component("mean", "mean:Mean", "Weighted mean of given values."),
    _component("sum", "mean:Sum", "Weighted sum of given values."),
)

# Keras 2 takes every loss for a metric, and tf-keras has these as functions in its metrics module.
_LOSSES = tuple(
    Component(name, f"kplug.losses.{target}", aliases, role="class", summary=summary)
    for name, target, summary, aliases in (
        ("crossentropy", "sparse:Crossentropy", "The cross-entropy that fits the shapes.", ("ce",)),
        (
            "cosine_proximity",
            "similarity:CosineSimilarity",
            "Negative cosine, as Keras 2 prints it.",
            ("cosine",),
        ),
        (
            "binary_focal_crossentropy",
            "binary_focal:BinaryFocalCrossentropy",
            "Cross-entropy of yes/no answers that counts hard ones more.",
            (),
        ),
        (
            "categorical_focal_crossentropy",
            "categorical_focal:CategoricalFocalCrossentropy",
            "Cross-entropy of classes that counts hard samples more.",
            (),
        ),
        (
            "huber",
            "robust:Huber",
            "Squared for small errors, absolute for large ones.",
            ("huber_loss",),
        ),
    )
)


@hookimpl
def kplug_metrics() -> dict[str, Component]:
    """Return the built-in metrics."""
    families = (_ACCURACIES, _ERRORS, _FROM_LOSSES, _CONFUSION, _OVERLAPS, _FITS, _VALUES, _LOSSES)
    return {component.name: component for family in families for component in family}
