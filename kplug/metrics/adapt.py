"""What may be given as a metric, and how each becomes a `Metric`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from kplug.contracts import find_class_of, instantiate
from kplug.errors import ContractError
from kplug.losses import (
    binary,
    categorical,
    divergence,
    margin,
    regression as loss_functions,
    sparse,
)
from kplug.losses.adapt import as_loss
from kplug.losses.base.loss import Loss
from kplug.metrics import accuracy, correlation, from_losses, regression, top_k
from kplug.metrics.base.function import FunctionMetric
from kplug.metrics.base.metric import Metric

# The plain functions have classes, which a saved model can name. The cosine is not among them: as a
# function it is the loss, with the other sign.
_CLASS_OF: dict[Callable[..., Any], type[Metric]] = {
    accuracy.binary_accuracy: accuracy.BinaryAccuracy,
    accuracy.categorical_accuracy: accuracy.CategoricalAccuracy,
    accuracy.sparse_categorical_accuracy: accuracy.SparseCategoricalAccuracy,
    top_k.top_k_categorical_accuracy: top_k.TopKCategoricalAccuracy,
    top_k.sparse_top_k_categorical_accuracy: top_k.SparseTopKCategoricalAccuracy,
    correlation.pearson_correlation: correlation.PearsonCorrelation,
    correlation.concordance_correlation: correlation.ConcordanceCorrelation,
    loss_functions.mean_squared_error: regression.MeanSquaredError,
    loss_functions.mean_absolute_error: regression.MeanAbsoluteError,
    loss_functions.mean_absolute_percentage_error: regression.MeanAbsolutePercentageError,
    loss_functions.mean_squared_logarithmic_error: regression.MeanSquaredLogarithmicError,
    binary.binary_crossentropy: from_losses.BinaryCrossentropy,
    categorical.categorical_crossentropy: from_losses.CategoricalCrossentropy,
    sparse.sparse_categorical_crossentropy: from_losses.SparseCategoricalCrossentropy,
    divergence.kl_divergence: from_losses.KLDivergence,
    divergence.poisson: from_losses.Poisson,
    margin.hinge: from_losses.Hinge,
    margin.squared_hinge: from_losses.SquaredHinge,
    margin.categorical_hinge: from_losses.CategoricalHinge,
}


def as_metric(candidate: object) -> Metric:
    """Return the candidate as a `Metric`.

    A `Metric` is kept; a class is called without arguments first. A `Loss` or ``torch.nn`` loss module
    becomes the mean of its values. Any other callable is a function of ``(y_true, y_pred)``.

    Raises:
        ContractError: if it is none of these.

    Example:
        >>> def bias(y_true, y_pred):
        ...     return y_pred - y_true
        >>> as_metric(bias).name
        'bias'
    """
    if isinstance(candidate, Metric):
        return candidate
    if isinstance(candidate, type):
        return as_metric(instantiate(candidate, "a metric"))
    if all(callable(getattr(candidate, name, None)) for name in ("update", "compute", "reset")):
        raise ContractError(
            f"{type(candidate).__name__} gathers state over batches in torchmetrics's way, with update "
            "and compute",
            hint="Install kplug-torchmetrics and name it ('auroc(…)'), or give "
            "kplug_torchmetrics.wrap(metric).",
        )
    if isinstance(candidate, (Loss, nn.Module)):
        loss = as_loss(candidate)
        return FunctionMetric(loss.values, loss.name)
    if not callable(candidate):
        raise ContractError(
            f"{candidate!r} is no metric",
            hint="A metric is a name, a kplug.metrics.Metric, a loss, or a function of "
            "(y_true, y_pred).",
        )
    known = find_class_of(candidate, _CLASS_OF)
    return FunctionMetric(candidate) if known is None else known()
