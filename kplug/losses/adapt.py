"""What may be given as a loss, and how each becomes a `Loss`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from kplug.contracts import instantiate
from kplug.errors import ContractError
from kplug.losses import (
    binary,
    categorical,
    divergence,
    margin,
    regression,
    robust,
    similarity,
    sparse,
)
from kplug.losses.base import Loss
from kplug.losses.function import FunctionLoss
from kplug.losses.torch_loss import TorchLoss

# The plain functions have classes with faster unweighted means; the numbers are the same.
_CLASS_OF: dict[Callable[..., Any], type[Loss]] = {
    regression.mean_squared_error: regression.MeanSquaredError,
    regression.mean_absolute_error: regression.MeanAbsoluteError,
    regression.mean_absolute_percentage_error: regression.MeanAbsolutePercentageError,
    regression.mean_squared_logarithmic_error: regression.MeanSquaredLogarithmicError,
    robust.huber: robust.Huber,
    robust.log_cosh: robust.LogCosh,
    similarity.cosine_similarity: similarity.CosineSimilarity,
    margin.hinge: margin.Hinge,
    margin.squared_hinge: margin.SquaredHinge,
    margin.categorical_hinge: margin.CategoricalHinge,
    binary.binary_crossentropy: binary.BinaryCrossentropy,
    categorical.categorical_crossentropy: categorical.CategoricalCrossentropy,
    sparse.sparse_categorical_crossentropy: sparse.SparseCategoricalCrossentropy,
    divergence.kl_divergence: divergence.KLDivergence,
    divergence.poisson: divergence.Poisson,
}


def as_loss(candidate: object) -> Loss:
    """Return the candidate as a `Loss`.

    A `Loss` is kept. A ``torch.nn`` module becomes a `TorchLoss`, with the argument order adapted. A
    class of either sort is called without arguments first. Any other callable is a function of
    ``(y_true, y_pred)`` and becomes a `FunctionLoss`.

    Raises:
        ContractError: if it is none of these.

    Example:
        >>> as_loss(nn.MSELoss).name
        'mse_loss'
    """
    if isinstance(candidate, Loss):
        return candidate
    if isinstance(candidate, type):
        return as_loss(_instantiate(candidate))
    if isinstance(candidate, nn.Module):
        return TorchLoss(candidate)
    if not callable(candidate):
        raise ContractError(
            f"{candidate!r} is no loss",
            hint="A loss is a name, a kplug.losses.Loss, a torch.nn loss module, or a function of "
            "(y_true, y_pred).",
        )
    try:
        known = _CLASS_OF.get(candidate)
    except TypeError:  # a callable object that cannot be hashed
        known = None
    return FunctionLoss(candidate) if known is None else known()


def _instantiate(owner: type) -> object:
    if inspect.isabstract(owner):
        raise ContractError(
            f"{owner.__name__} has no method call(y_true, y_pred)",
            hint="A subclass of kplug.losses.Loss writes it.",
        )
    return instantiate(owner, "a loss")
