"""What may be given as a loss, and how each becomes a `Loss`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from kplug.contracts import find_class_of, instantiate
from kplug.errors import ContractError
from kplug.losses import (
    binary,
    binary_focal,
    categorical,
    categorical_focal,
    circle,
    ctc,
    divergence,
    generalized,
    margin,
    overlap,
    regression,
    robust,
    similarity,
    sparse,
)
from kplug.losses.base.function import FunctionLoss
from kplug.losses.base.loss import Loss
from kplug.losses.base.torch_loss import TorchLoss

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
    binary_focal.binary_focal_crossentropy: binary_focal.BinaryFocalCrossentropy,
    categorical_focal.categorical_focal_crossentropy: (
        categorical_focal.CategoricalFocalCrossentropy
    ),
    generalized.categorical_generalized_cross_entropy: (
        generalized.CategoricalGeneralizedCrossEntropy
    ),
    overlap.dice: overlap.Dice,
    overlap.tversky: overlap.Tversky,
    circle.circle: circle.Circle,
    ctc.ctc: ctc.CTC,
}
BUILT_IN_CLASSES = frozenset(_CLASS_OF.values())


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
        return as_loss(instantiate(candidate, "a loss"))
    if isinstance(candidate, nn.Module):
        return TorchLoss(candidate)
    if not callable(candidate):
        raise ContractError(
            f"{candidate!r} is no loss",
            hint="A loss is a name, a kplug.losses.Loss, a torch.nn loss module, or a function of "
            "(y_true, y_pred).",
        )
    known = _make_known(candidate)
    return FunctionLoss(candidate) if known is None else known


def find_loss_class(function: object) -> type[Loss] | None:
    """Return the class of a plain loss function of this package, None for anything else."""
    return find_class_of(function, _CLASS_OF)


def _make_known(candidate: Callable[..., Any]) -> Loss | None:
    """Return the loss of a function of this package, also of one with keywords bound to it.

    What the class knows and the function cannot say, such as which values are left out, then counts.
    """
    if not isinstance(candidate, functools.partial):
        owner = find_loss_class(candidate)
        return None if owner is None else owner()
    owner = find_loss_class(candidate.func)
    if owner is None or candidate.args:
        return None
    is_taken = candidate.keywords.keys() <= inspect.signature(owner).parameters.keys()
    return owner(**candidate.keywords) if is_taken else None
