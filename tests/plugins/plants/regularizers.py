"""Penalties on weights."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.regularizers import Regularizer

_IDENTITIES: dict[int, Tensor] = {}


def energy(weight_matrix: Tensor, strength: float = 0.01, target: float = 1.0) -> Tensor:
    """Penalise the distance of the mean square from a target.

    Args:
        weight_matrix: The weight.
        strength: Factor, >= 0.
        target: The mean square that costs nothing.
    """
    mean = (weight_matrix.flatten() @ weight_matrix.flatten()) / max(weight_matrix.numel(), 1)
    return strength * (mean - target).abs()


class Orthogonal(Regularizer):
    """Penalise columns that are not orthogonal with a common length.

    Args:
        strength: Factor, >= 0.
        length: The square length of the columns, > 0.
    """

    def __init__(self, strength: float = 0.01, length: float = 1.0) -> None:
        self.strength, self.length = strength, length

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        """Return the penalty."""
        columns = weight_matrix.reshape(-1, weight_matrix.shape[-1])
        size = columns.shape[1]
        if size not in _IDENTITIES:
            _IDENTITIES[size] = self.length * torch.eye(size)
        gap = columns.T @ columns - _IDENTITIES[size].to(columns)
        return self.strength * gap.square().sum()


def elastic(weight_matrix: Tensor, strength: float = 0.01, balance: float = 0.5) -> Tensor:
    """Penalise absolute values and squares.

    Args:
        weight_matrix: The weight.
        strength: Factor, >= 0.
        balance: Share of the absolute values, from 0 to 1.
    """
    absolute = weight_matrix.abs().sum()
    square = (weight_matrix * weight_matrix.sign()).sum()
    return strength * (balance * absolute + (1 - balance) * square)


def flat_slices(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Penalise the difference of neighbouring values in the order of the flat weight.

    Args:
        weight_matrix: The weight.
        strength: Factor, >= 0.
    """
    size = weight_matrix.numel()
    flat = weight_matrix.as_strided((size,), (1,))
    return strength * (flat[1:] - flat[:-1]).square().sum()


def sparsity_gap(weight_matrix: Tensor, strength: float = 0.01, limit: float = 0.5) -> Tensor:
    """Penalise values above a limit by the root of the excess.

    Args:
        weight_matrix: The weight.
        strength: Factor, >= 0.
        limit: Values up to here cost nothing, > 0.
    """
    excess = weight_matrix.abs() - limit
    return strength * torch.where(excess > 0, excess.abs().sqrt(), torch.zeros_like(excess)).sum()
