"""The losses that ship with kplug. Names only: what they name is imported when it is used."""

from __future__ import annotations

from kplug.hookspecs import hookimpl
from kplug.registry.component import Component

_REGRESSION = "kplug.losses.regression"
_ROBUST = "kplug.losses.robust"
_MARGIN = "kplug.losses.margin"
_DIVERGENCE = "kplug.losses.divergence"

_COMPONENTS = (
    Component(
        "mean_squared_error",
        f"{_REGRESSION}:MeanSquaredError",
        aliases=("mse",),
        summary="Mean of squared differences.",
    ),
    Component(
        "mean_absolute_error",
        f"{_REGRESSION}:MeanAbsoluteError",
        aliases=("mae",),
        summary="Mean of absolute differences.",
    ),
    Component(
        "mean_absolute_percentage_error",
        f"{_REGRESSION}:MeanAbsolutePercentageError",
        aliases=("mape",),
        summary="Mean of relative differences, in percent of the target.",
    ),
    Component(
        "mean_squared_logarithmic_error",
        f"{_REGRESSION}:MeanSquaredLogarithmicError",
        aliases=("msle",),
        summary="Mean of squared differences of logarithms.",
    ),
    Component(
        "huber",
        f"{_ROBUST}:Huber",
        aliases=("huber_loss",),
        summary="Squared for small errors, absolute for large ones.",
    ),
    Component(
        "log_cosh",
        f"{_ROBUST}:LogCosh",
        summary="Logarithm of the hyperbolic cosine of the error.",
    ),
    Component(
        "cosine_similarity",
        "kplug.losses.similarity:CosineSimilarity",
        aliases=("cosine_proximity", "cosine"),
        summary="Negative cosine of the angle between target and prediction.",
    ),
    Component("hinge", f"{_MARGIN}:Hinge", summary="Margin that is missing to 1."),
    Component(
        "squared_hinge",
        f"{_MARGIN}:SquaredHinge",
        summary="Square of the margin that is missing to 1.",
    ),
    Component(
        "categorical_hinge",
        f"{_MARGIN}:CategoricalHinge",
        summary="Margin of the true class over the best wrong one.",
    ),
    Component(
        "binary_crossentropy",
        "kplug.losses.binary:BinaryCrossentropy",
        aliases=("bce",),
        summary="Cross-entropy of independent yes/no answers.",
    ),
    Component(
        "categorical_crossentropy",
        "kplug.losses.categorical:CategoricalCrossentropy",
        aliases=("cce",),
        summary="Cross-entropy of exclusive classes, with one-hot targets.",
    ),
    Component(
        "sparse_categorical_crossentropy",
        "kplug.losses.sparse:SparseCategoricalCrossentropy",
        summary="Cross-entropy of exclusive classes, with class ids as targets.",
    ),
    Component(
        "binary_focal_crossentropy",
        "kplug.losses.binary_focal:BinaryFocalCrossentropy",
        summary="Binary cross-entropy in which well-classified samples count less.",
    ),
    Component(
        "categorical_focal_crossentropy",
        "kplug.losses.categorical_focal:CategoricalFocalCrossentropy",
        summary="Cross-entropy of exclusive classes in which well-classified samples count less.",
    ),
    Component(
        "categorical_generalized_cross_entropy",
        "kplug.losses.generalized:CategoricalGeneralizedCrossEntropy",
        summary="Cross-entropy for labels of which some are wrong.",
    ),
    Component(
        "crossentropy",
        "kplug.losses.sparse:Crossentropy",
        aliases=("ce",),
        summary="The cross-entropy that fits the shapes.",
    ),
    Component(
        "dice",
        "kplug.losses.overlap:Dice",
        summary="One minus the Dice coefficient of the predicted region and the true one.",
    ),
    Component(
        "tversky",
        "kplug.losses.overlap:Tversky",
        summary="One minus the Tversky index: false positives and false negatives have own weights.",
    ),
    Component(
        "circle",
        "kplug.losses.circle:Circle",
        summary="Embeddings of one class close together, those of others far apart.",
    ),
    Component(
        "ctc",
        "kplug.losses.ctc:CTC",
        summary="Label sequences without an alignment in time; class 0 is the blank.",
    ),
    Component(
        "kl_divergence",
        f"{_DIVERGENCE}:KLDivergence",
        aliases=("kld", "kullback_leibler_divergence"),
        summary="Kullback-Leibler divergence of the prediction from the target distribution.",
    ),
    Component(
        "poisson",
        f"{_DIVERGENCE}:Poisson",
        summary="Negative log-likelihood of counts under Poisson distributions.",
    ),
)


@hookimpl
def kplug_losses() -> dict[str, Component]:
    """Return the built-in losses."""
    return {component.name: component for component in _COMPONENTS}
