"""Powers with finite gradients at 0."""

from __future__ import annotations

import torch
from torch import Tensor

from kplug.components.arguments import require_number


def power_of_share(base: Tensor, exponent: float) -> Tensor:
    """Return base^exponent for a base in [0, 1].

    The gradient of x^q at 0 is infinite for q < 1, and infinity times the 0 of a saturated softmax is
    NaN. Here a base of exactly 0 has gradient 0.

    Args:
        base: Numbers in [0, 1], any shape; negative rounding errors count as 0.
        exponent: A number ≥ 0; 0⁰ = 1.

    Returns:
        The shape of ``base``.

    Example:
        >>> power_of_share(torch.tensor([0.0, 0.25]), 0.5)
        tensor([0.0000, 0.5000])
    """
    if exponent >= 1.0 or exponent == 0.0:
        return base.clamp(min=0.0).pow(exponent)
    smallest = torch.finfo(base.dtype).tiny
    return torch.where(base <= 0.0, 0.0, base.clamp(min=smallest).pow(exponent))  # NaN stays NaN


def require_gamma(owner: str, gamma: object) -> float:
    """Return the exponent of a focal loss.

    Raises:
        ArgumentValueError: if it is no finite number ≥ 0.
    """
    return require_number(owner, "gamma", gamma, "a finite number >= 0", at_least=0.0)
