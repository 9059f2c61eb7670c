"""Weight penalties for kplug.

Each function takes a weight in Keras's shape and returns a scalar that is added to the training
loss. It *is* the component: the arguments of a spec such as ``l1_reg(strength=1e-4)`` become its
keywords.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kplug import Range, search_ranges
from kplug.errors import ArgumentValueError

__all__ = ["group_lasso", "l1_reg", "orthogonality"]


@search_ranges(strength=Range(1e-6, 0.1, log=True))
def l1_reg(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Penalise the absolute size of every weight, so that few stay different from zero.

    ``strength · Σ |w|``.

    Args:
        weight_matrix: The weight, of any shape.
        strength: Finite and >= 0.

    Returns:
        The penalty, a scalar.

    Raises:
        ArgumentValueError: if ``strength`` is negative or not finite.

    Example:
        >>> l1_reg(torch.tensor([[1.0, -2.0]]), strength=0.5)
        tensor(1.5000)

    Reference:
        Tibshirani, "Regression shrinkage and selection via the lasso" (1996). Keras's ``l1`` is the
        same penalty as a class.
    """
    return _checked(strength, "l1_reg") * weight_matrix.abs().sum()


@search_ranges(strength=Range(1e-6, 0.1, log=True))
def group_lasso(weight_matrix: Tensor, strength: float = 0.01, axis: int = -1) -> Tensor:
    """Penalise the norm of whole groups of weights, so that groups go to zero together.

    ``strength · √n · Σ_g ‖w_g‖₂``, with a group ``w_g`` of ``n`` weights for each index along
    ``axis``. The last axis of a kernel counts its units or filters, so the default switches off
    whole units; ``axis=-2`` switches off inputs. The gradient of an all-zero group is zero.

    Args:
        weight_matrix: The weight, of rank 1 or more.
        strength: Finite and >= 0.
        axis: The axis whose indices are the groups, in ``[-rank, rank)``.

    Returns:
        The penalty, a scalar.

    Raises:
        ArgumentValueError: if ``strength`` is negative or not finite, or ``axis`` is out of range.

    Example:
        >>> group_lasso(torch.tensor([[3.0, 0.0], [4.0, 0.0]]), strength=1.0)
        tensor(7.0711)

    Reference:
        Yuan and Lin, "Model selection and estimation in regression with grouped variables" (2006),
        equation 2.1; for filters of convolutions Wen et al., "Learning structured sparsity in deep
        neural networks" (2016).
    """
    scale = _checked(strength, "group_lasso")
    rank = weight_matrix.ndim
    if not -rank <= axis < rank:
        allowed = f"an axis of a weight of rank {rank}, {-rank} to {rank - 1}"
        raise ArgumentValueError("group_lasso", "axis", axis, allowed)
    groups = weight_matrix.movedim(axis, 0).flatten(1) if rank > 1 else weight_matrix.unsqueeze(1)
    norms: Tensor = torch.linalg.vector_norm(groups, dim=1)
    return scale * math.sqrt(groups.shape[1]) * norms.sum()


@search_ranges(strength=Range(1e-6, 0.1, log=True))
def orthogonality(weight_matrix: Tensor, strength: float = 0.01) -> Tensor:
    """Penalise units that point the same way, and lengths other than one.

    ``strength · ‖WᵀW − I‖²_F``, where ``W`` of shape ``(prod(shape[:-1]), shape[-1])`` has the
    incoming weights of one unit in each column. With more columns than rows the columns cannot all
    be orthogonal, so the rows are asked to be: ``‖WWᵀ − I‖²_F``. Zero for what the ``orthogonal``
    initializer draws.

    Args:
        weight_matrix: The weight, of rank 2 or more.
        strength: Finite and >= 0.

    Returns:
        The penalty, a scalar.

    Raises:
        ArgumentValueError: if ``strength`` is negative or not finite, or the weight is a vector.

    Example:
        >>> orthogonality(2 * torch.eye(2), strength=1.0)
        tensor(18.)

    Reference:
        Bansal, Chen and Wang, "Can we gain more from orthogonality regularizations in training deep
        networks?" (2018), "soft orthogonality". Keras's ``OrthogonalRegularizer`` differs: it sees
        the angles between rows or columns only, not their lengths.
    """
    scale = _checked(strength, "orthogonality")
    if weight_matrix.ndim < 2:
        shape = tuple(weight_matrix.shape)
        raise ArgumentValueError("orthogonality", "weight_matrix", shape, "a shape of rank >= 2")
    matrix = weight_matrix.flatten(0, -2)
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    gram = matrix.T @ matrix
    identity = torch.eye(gram.shape[0], dtype=gram.dtype, device=gram.device)
    return scale * (gram - identity).square().sum()


def _checked(strength: float, owner: str) -> float:
    # A negative strength would reward growing weights, and NaN would pass for a bad learning rate.
    if not 0 <= strength < math.inf:
        raise ArgumentValueError(owner, "strength", strength, "a finite number >= 0")
    return strength
