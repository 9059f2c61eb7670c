"""Losses: how far predictions are from targets, as functions, classes and names."""

from __future__ import annotations

from kplug.losses.adapt import as_loss
from kplug.losses.base import Loss
from kplug.losses.binary import BinaryCrossentropy, binary_crossentropy
from kplug.losses.binary_focal import BinaryFocalCrossentropy, binary_focal_crossentropy
from kplug.losses.categorical import CategoricalCrossentropy, categorical_crossentropy
from kplug.losses.categorical_focal import (
    CategoricalFocalCrossentropy,
    categorical_focal_crossentropy,
)
from kplug.losses.circle import Circle, circle
from kplug.losses.ctc import CTC, ctc
from kplug.losses.divergence import KLDivergence, Poisson, kl_divergence, poisson
from kplug.losses.function import FunctionLoss
from kplug.losses.generalized import (
    CategoricalGeneralizedCrossEntropy,
    categorical_generalized_cross_entropy,
)
from kplug.losses.margin import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from kplug.losses.overlap import Dice, Tversky, dice, tversky
from kplug.losses.regression import (
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kplug.losses.robust import Huber, LogCosh, huber, log_cosh
from kplug.losses.serialization import Reduction, deserialize, serialize
from kplug.losses.similarity import CosineSimilarity, cosine_similarity
from kplug.losses.sparse import (
    Crossentropy,
    SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy,
)
from kplug.losses.torch_loss import TorchLoss
from kplug.registry import resolve_object

# The short names of Keras 2 and 3.
mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
bce = BCE = binary_crossentropy
cce = categorical_crossentropy
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh
huber_loss = huber
cosine = cosine_proximity = cosine_similarity


def get(identifier: object) -> Loss | None:
    """Return the loss that a name, dict, class, function or instance stands for; None for None."""
    loss: Loss | None = resolve_object("loss", identifier)
    return loss


__all__ = [
    "BCE",
    "CTC",
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Crossentropy",
    "Dice",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "Reduction",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "TorchLoss",
    "Tversky",
    "as_loss",
    "bce",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cce",
    "circle",
    "cosine",
    "cosine_proximity",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "huber_loss",
    "kl_divergence",
    "kld",
    "kullback_leibler_divergence",
    "log_cosh",
    "logcosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
