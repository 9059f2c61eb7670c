"""The losses that ship with kplug. Written by ``python -m tests.generate_builtins``."""

from __future__ import annotations

from kplug.registry.component import Component

# fmt: off
_ROWS = (
    Component("binary_crossentropy", "kplug.losses.binary:BinaryCrossentropy", ("bce",), summary="Cross-entropy of independent binary labels."),
    Component("binary_focal_crossentropy", "kplug.losses.binary_focal:BinaryFocalCrossentropy", summary="Binary cross-entropy in which well-classified samples count less."),
    Component("categorical_crossentropy", "kplug.losses.categorical:CategoricalCrossentropy", ("cce",), summary="Cross-entropy of exclusive classes, with one-hot targets."),
    Component("categorical_focal_crossentropy", "kplug.losses.categorical_focal:CategoricalFocalCrossentropy", summary="Cross-entropy of exclusive classes in which well-classified samples count less."),
    Component("categorical_generalized_cross_entropy", "kplug.losses.generalized:CategoricalGeneralizedCrossEntropy", summary="Cross-entropy for labels of which some are wrong."),
    Component("categorical_hinge", "kplug.losses.margin:CategoricalHinge", summary="Margin of the true class over the best wrong one."),
    Component("circle", "kplug.losses.circle:Circle", summary="Circle loss: embeddings of one class close together, those of others far apart."),
    Component("cosine_similarity", "kplug.losses.similarity:CosineSimilarity", ("cosine_proximity", "cosine"), summary="Negative cosine of the angle between target and prediction."),
    Component("crossentropy", "kplug.losses.sparse:Crossentropy", ("ce",), summary="The cross-entropy that fits the shapes."),
    Component("ctc", "kplug.losses.ctc:CTC", summary="Connectionist temporal classification, with class 0 as the blank."),
    Component("dice", "kplug.losses.overlap:Dice", summary="One minus the Dice coefficient of the predicted region and the true one."),
    Component("hinge", "kplug.losses.margin:Hinge", summary="Margin that is missing to 1."),
    Component("huber", "kplug.losses.robust:Huber", ("huber_loss",), summary="Squared for small errors, absolute for large ones."),
    Component("kl_divergence", "kplug.losses.divergence:KLDivergence", ("kld", "kullback_leibler_divergence"), summary="Kullback-Leibler divergence of the prediction from the target distribution."),
    Component("log_cosh", "kplug.losses.robust:LogCosh", summary="Logarithm of the hyperbolic cosine of the error."),
    Component("mean_absolute_error", "kplug.losses.regression:MeanAbsoluteError", ("mae",), summary="Mean of absolute differences, |ŷ − y|."),
    Component("mean_absolute_percentage_error", "kplug.losses.regression:MeanAbsolutePercentageError", ("mape",), summary="Mean of relative differences, in percent of the target."),
    Component("mean_squared_error", "kplug.losses.regression:MeanSquaredError", ("mse",), summary="Mean of squared differences, (ŷ − y)²."),
    Component("mean_squared_logarithmic_error", "kplug.losses.regression:MeanSquaredLogarithmicError", ("msle",), summary="Mean of squared differences of logarithms."),
    Component("poisson", "kplug.losses.divergence:Poisson", summary="Negative log-likelihood of counts under Poisson distributions."),
    Component("sparse_categorical_crossentropy", "kplug.losses.sparse:SparseCategoricalCrossentropy", summary="Cross-entropy of exclusive classes, with class ids as targets."),
    Component("squared_hinge", "kplug.losses.margin:SquaredHinge", summary="Square of the margin that is missing to 1."),
    Component("torch_convention", "kplug.losses.torch_convention:TorchConvention", summary="A loss for predictions and targets with the channels where torch has them, on the second axis."),
    Component("tversky", "kplug.losses.overlap:Tversky", summary="One minus the Tversky index, which weighs false positives and false negatives by themselves."),
    Component("weighted_sum", "kplug.losses.weighted_sum:WeightedSum", summary="Several losses on the same predictions, added up."),
)
# fmt: on
COMPONENTS = {component.name: component for component in _ROWS}
