"""Metrics: quality measures of a model, accumulated over batches."""

__kplug_keras_module__ = "keras.metrics"  # of the classes in here; see `kplug.keras_class`

from kplug.losses import (
    binary_crossentropy as binary_crossentropy,
    binary_focal_crossentropy as binary_focal_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    categorical_focal_crossentropy as categorical_focal_crossentropy,
    categorical_hinge as categorical_hinge,
    hinge as hinge,
    huber as huber,
    kl_divergence as kl_divergence,
    log_cosh as log_cosh,
    mean_absolute_error as mean_absolute_error,
    mean_absolute_percentage_error as mean_absolute_percentage_error,
    mean_squared_error as mean_squared_error,
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
    poisson as poisson,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    squared_hinge as squared_hinge,
)
from kplug.metrics.accuracy import (
    Accuracy as Accuracy,
    AutoAccuracy as AutoAccuracy,
    BinaryAccuracy as BinaryAccuracy,
    CategoricalAccuracy as CategoricalAccuracy,
    SparseCategoricalAccuracy as SparseCategoricalAccuracy,
    binary_accuracy as binary_accuracy,
    categorical_accuracy as categorical_accuracy,
    sparse_categorical_accuracy as sparse_categorical_accuracy,
)
from kplug.metrics.adapt import as_metric as as_metric
from kplug.metrics.auc import AUC as AUC
from kplug.metrics.base.function import (
    FunctionMetric as FunctionMetric,
    MeanMetricWrapper as MeanMetricWrapper,
)
from kplug.metrics.base.mean import MeanMetric as MeanMetric
from kplug.metrics.base.metric import Metric as Metric
from kplug.metrics.correlation import (
    ConcordanceCorrelation as ConcordanceCorrelation,
    PearsonCorrelation as PearsonCorrelation,
    concordance_correlation as concordance_correlation,
    pearson_correlation as pearson_correlation,
)
from kplug.metrics.counts import (
    FalseNegatives as FalseNegatives,
    FalsePositives as FalsePositives,
    TrueNegatives as TrueNegatives,
    TruePositives as TruePositives,
)
from kplug.metrics.f_score import F1Score as F1Score, FBetaScore as FBetaScore
from kplug.metrics.from_losses import (
    BinaryCrossentropy as BinaryCrossentropy,
    CategoricalCrossentropy as CategoricalCrossentropy,
    CategoricalHinge as CategoricalHinge,
    Hinge as Hinge,
    KLDivergence as KLDivergence,
    Poisson as Poisson,
    SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    SquaredHinge as SquaredHinge,
)
from kplug.metrics.iou import (
    BinaryIoU as BinaryIoU,
    IoU as IoU,
    MeanIoU as MeanIoU,
    OneHotIoU as OneHotIoU,
    OneHotMeanIoU as OneHotMeanIoU,
)
from kplug.metrics.mean import Mean as Mean, Sum as Sum
from kplug.metrics.operating_points import (
    PrecisionAtRecall as PrecisionAtRecall,
    RecallAtPrecision as RecallAtPrecision,
    SensitivityAtSpecificity as SensitivityAtSpecificity,
    SpecificityAtSensitivity as SpecificityAtSensitivity,
)
from kplug.metrics.precision_recall import Precision as Precision, Recall as Recall
from kplug.metrics.r2_score import R2Score as R2Score
from kplug.metrics.regression import (
    CosineSimilarity as CosineSimilarity,
    LogCoshError as LogCoshError,
    MeanAbsoluteError as MeanAbsoluteError,
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
    MeanSquaredError as MeanSquaredError,
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
    RootMeanSquaredError as RootMeanSquaredError,
)
from kplug.metrics.serialization import (
    deserialize as deserialize,
    get as get,
    serialize as serialize,
)
from kplug.metrics.top_k import (
    SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy as TopKCategoricalAccuracy,
    sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy as top_k_categorical_accuracy,
)
from kplug.metrics.torch_convention import Meter as Meter, TorchConvention as TorchConvention
from kplug.support.exports import export_names

# The short names of Keras 2 and 3.
mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error

export_names(globals())
