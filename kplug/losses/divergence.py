"""Losses between distributions and counts: Kullback-Leibler divergence and Poisson."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.losses.base.alignment import ArrayLike, prepare
from kplug.losses.base.checks import require_range
from kplug.losses.base.formula import FormulaLoss
from kplug.registry import named


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `KLDivergence` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "kl_divergence")
    smallest = epsilon()
    targets = targets.clamp(smallest, 1.0)
    return (targets * torch.log(targets / predictions.clamp(smallest, 1.0))).sum(-1)


@named("kl_divergence", "kld", "kullback_leibler_divergence")
class KLDivergence(FormulaLoss, formula=kl_divergence):
    """Kullback-Leibler divergence of the prediction from the target distribution.

    L = Σ y ln(y / ŷ) over the last axis of (N, …, D), both clipped to [ε, 1], then by ``reduction``; ε is
    ``kplug.backend.epsilon()``.

    Args:
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: at the first call, for probabilities outside [0, 1].

    Example:
        >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
        tensor(0.1438)

    Reference:
        S. Kullback and R. A. Leibler, 1951; ``keras.losses.KLDivergence``. ``torch.nn.KLDivLoss``
        takes the logarithm of the prediction.
    """

    def check_targets(self, y_true: Tensor) -> None:
        """Refuse probabilities outside [0, 1]."""
        require_range("kl_divergence", "y_true", y_true)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse probabilities outside [0, 1]."""
        self.check_targets(y_true)
        require_range("kl_divergence", "y_pred", y_pred, hint="End the model with a softmax.")


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the values of `Poisson` before the reduction, shape (N, …)."""
    targets, predictions = prepare(y_true, y_pred, "poisson")
    return (predictions - targets * torch.log(predictions + epsilon())).mean(-1)


class Poisson(FormulaLoss, formula=poisson):
    """Negative log-likelihood of counts under Poisson distributions.

    L = mean (ŷ − y ln(ŷ + ε)) for counts and rates ≥ 0, over the last axis of (N, …, D) and then by
    ``reduction``; ε is ``kplug.backend.epsilon()``. The constant ln y! is left out.

    Args:
        reduction, name, dtype: See `Loss`.

    Raises:
        DataError: at the first call, for negative counts or rates.

    Example:
        >>> Poisson()([[2.0]], [[2.0]])
        tensor(0.6137)

    Reference:
        ``keras.losses.Poisson``. ``torch.nn.PoissonNLLLoss`` takes the logarithm of the rate unless
        told otherwise.
    """

    def check_targets(self, y_true: Tensor) -> None:
        """Refuse negative counts, for which the best rate is 0 whatever they are."""
        hint = (
            "Give counts; for targets of either sign use another loss, such as mean_squared_error."
        )
        require_range("poisson", "y_true", y_true, 0.0, math.inf, hint)

    def check_values(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Refuse negative counts, and negative rates, whose logarithm is no number."""
        self.check_targets(y_true)
        hint = "End the model with an activation that is never negative, such as softplus or exp."
        require_range("poisson", "y_pred", y_pred, 0.0, math.inf, hint)
