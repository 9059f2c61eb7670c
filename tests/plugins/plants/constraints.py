"""Constraints on weights."""

from __future__ import annotations

from torch import Tensor


def max_columns(weight_matrix: Tensor, limit: float = 1.0, axis: int = 0) -> Tensor:
    """Keep the norm along an axis below a limit.

    Args:
        weight_matrix: The weight.
        limit: The largest norm, > 0.
        axis: The axis of the norm.
    """
    norm = weight_matrix.square().sum(axis, keepdim=True).sqrt()
    return weight_matrix * (norm.clamp(max=limit) / (norm + 1e-5))


def grid(weight_matrix: Tensor, levels: int = 100) -> Tensor:
    """Round weights towards 0, to multiples of ``1 / levels``.

    Args:
        weight_matrix: The weight.
        levels: Levels between 0 and 1, >= 1.
    """
    return (weight_matrix * levels).trunc() / levels


def gentle_limit(weight_matrix: Tensor, limit: float = 0.5) -> Tensor:
    """Keep the root mean square below a limit.

    Args:
        weight_matrix: The weight.
        limit: The largest root mean square, > 0.
    """
    size = weight_matrix.square().mean().sqrt()
    return weight_matrix * (limit / (size.clamp(min=limit) + 1e-6))


def centered(weight_matrix: Tensor, axis: int = 0, momentum: float = 0.999) -> Tensor:
    """Keep weights between −1 and 1, and pull the mean along an axis slowly to 0.

    Args:
        weight_matrix: The weight.
        axis: The axis of the mean.
        momentum: How much of the mean stays, in [0, 1).
    """
    mean = weight_matrix.mean(axis, keepdim=True)
    return (weight_matrix - (1 - momentum) * mean).clamp(-1, 1)


def flat_norm(weight_matrix: Tensor, limit: float = 1.0) -> Tensor:
    """Keep the norm of each column below a limit, columns being read from the memory.

    Args:
        weight_matrix: The weight.
        limit: The largest norm, > 0.
    """
    size = weight_matrix.shape[-1]
    columns = weight_matrix.as_strided((weight_matrix.numel() // max(size, 1), size), (size, 1))
    norms = columns.square().sum(0).sqrt().clamp(min=limit)
    return weight_matrix * (limit / norms)
