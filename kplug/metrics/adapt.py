"""What may be given as a metric, and how each becomes a `Metric`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from kplug.contracts import instantiate
from kplug.errors import ContractError
from kplug.losses import binary, categorical, divergence, margin, regression, sparse
from kplug.losses.adapt import as_loss
from kplug.losses.base import Loss
from kplug.metrics import accuracy, errors, from_losses
from kplug.metrics.base import Metric
from kplug.metrics.mean import FunctionMetric

# The plain functions have classes, which a saved model can name. The cosine is not among them: as a
# function it is the loss, with the other sign.
_CLASS_OF: dict[Callable[..., Any], type[Metric]] = {
    accuracy.binary_accuracy: accuracy.BinaryAccuracy,
    accuracy.categorical_accuracy: accuracy.CategoricalAccuracy,
    accuracy.sparse_categorical_accuracy: accuracy.SparseCategoricalAccuracy,
    regression.mean_squared_error: errors.MeanSquaredError,
    regression.mean_absolute_error: errors.MeanAbsoluteError,
    regression.mean_absolute_percentage_error: errors.MeanAbsolutePercentageError,
    regression.mean_squared_logarithmic_error: errors.MeanSquaredLogarithmicError,
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
        return as_metric(_instantiate(candidate))
    if isinstance(candidate, (Loss, nn.Module)):
        loss = as_loss(candidate)
        return FunctionMetric(loss.values, loss.name)
    if not callable(candidate):
        raise ContractError(
            f"{candidate!r} is no metric",
            hint="A metric is a name, a kplug.metrics.Metric, a loss, or a function of "
            "(y_true, y_pred).",
        )
    try:
        known = _CLASS_OF.get(candidate)
    except TypeError:  # a callable object that cannot be hashed
        known = None
    return FunctionMetric(candidate) if known is None else known()


def _instantiate(owner: type) -> object:
    missing = getattr(owner, "__abstractmethods__", None)
    if inspect.isabstract(owner) and missing:
        raise ContractError(
            f"{owner.__name__} has no {' and no '.join(sorted(missing))}",
            hint="A subclass of kplug.metrics.Metric writes update_state and result.",
        )
    return instantiate(owner, "a metric")
