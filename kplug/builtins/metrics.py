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
    _component("mean_squared_error", "errors:MeanSquaredError", "Mean of squared errors.", "mse"),
    _component(
        "root_mean_squared_error",
        "errors:RootMeanSquaredError",
        "Root of the mean of squared errors.",
        "rmse",
    ),
    _component(
        "mean_absolute_error", "errors:MeanAbsoluteError", "Mean of absolute errors.", "mae"
    ),
    _component(
        "mean_absolute_percentage_error",
        "errors:MeanAbsolutePercentageError",
        "Mean of relative errors, in percent.",
        "mape",
    ),
    _component(
        "mean_squared_logarithmic_error",
        "errors:MeanSquaredLogarithmicError",
        "Mean of squared errors of logarithms.",
        "msle",
    ),
    _component(
        "log_cosh_error",
        "errors:LogCoshError",
        "Logarithm of the hyperbolic cosine of the error.",
        "log_cosh",
    ),
    _component(
        "cosine_similarity",
        "errors:CosineSimilarity",
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

_MEAN = (_component("mean", "mean:Mean", "Weighted mean of given values."),)


@hookimpl
def kplug_metrics() -> dict[str, Component]:
    """Return the built-in metrics."""
    return {
        component.name: component for component in (*_ACCURACIES, *_ERRORS, *_FROM_LOSSES, *_MEAN)
    }
