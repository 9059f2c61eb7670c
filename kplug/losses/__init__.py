"""Losses: how far predictions are from targets, as functions, classes and names."""

__kplug_keras_module__ = "keras.losses"  # of the classes in here; see `kplug.keras_class`

from kplug.losses.adapt import as_loss as as_loss
from kplug.losses.base.formula import FormulaLoss as FormulaLoss
from kplug.losses.base.function import FunctionLoss as FunctionLoss
from kplug.losses.base.loss import Loss as Loss
from kplug.losses.base.torch_loss import TorchLoss as TorchLoss
from kplug.losses.binary import (
    BinaryCrossentropy as BinaryCrossentropy,
    binary_crossentropy as binary_crossentropy,
)
from kplug.losses.binary_focal import (
    BinaryFocalCrossentropy as BinaryFocalCrossentropy,
    binary_focal_crossentropy as binary_focal_crossentropy,
)
from kplug.losses.categorical import (
    CategoricalCrossentropy as CategoricalCrossentropy,
    categorical_crossentropy as categorical_crossentropy,
)
from kplug.losses.categorical_focal import (
    CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
    categorical_focal_crossentropy as categorical_focal_crossentropy,
)
from kplug.losses.circle import Circle as Circle, circle as circle
from kplug.losses.ctc import CTC as CTC, ctc as ctc
from kplug.losses.divergence import (
    KLDivergence as KLDivergence,
    Poisson as Poisson,
    kl_divergence as kl_divergence,
    poisson as poisson,
)
from kplug.losses.generalized import (
    CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy,
    categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
)
from kplug.losses.margin import (
    CategoricalHinge as CategoricalHinge,
    Hinge as Hinge,
    SquaredHinge as SquaredHinge,
    categorical_hinge as categorical_hinge,
    hinge as hinge,
    squared_hinge as squared_hinge,
)
from kplug.losses.overlap import Dice as Dice, Tversky as Tversky, dice as dice, tversky as tversky
from kplug.losses.regression import (
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    mean_absolute_error as mean_absolute_error,
    mean_absolute_percentage_error as mean_absolute_percentage_error,
    mean_squared_error as mean_squared_error,
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from kplug.losses.robust import (
    Huber as Huber,
    LogCosh as LogCosh,
    huber as huber,
    log_cosh as log_cosh,
)
from kplug.losses.serialization import (
    Reduction as Reduction,
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.losses.similarity import (
    CosineSimilarity as CosineSimilarity,
    cosine_similarity as cosine_similarity,
)
from kplug.losses.sparse import (
    Crossentropy as Crossentropy,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
)
from kplug.losses.torch_convention import Criterion as Criterion, TorchConvention as TorchConvention
from kplug.losses.weighted_sum import WeightedSum as WeightedSum
from kplug.support.exports import export_names

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

export_names(globals())
