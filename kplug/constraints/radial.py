"""The radial constraint: equal weights at equal distance from a filter's centre."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from kplug.backend.convert import TensorLike, to_operand_of
from kplug.components.arguments import refusal
from kplug.constraints.base import Constraint
from kplug.registry import keras_class


@keras_class(None)
@final
class RadialConstraint(Constraint):
    """Every filter of a square 2-D convolution becomes rings of equal weights.

    Positions with equal maximum distance of row and column from the centre form a ring; each ring gets
    its weight on the diagonal towards the last row and column.

    Raises:
        ArgumentValueError: at the call, for a weight that is not of shape (size, size, in, out).

    Example:
        >>> kernel = torch.arange(9.0).reshape(3, 3, 1, 1)
        >>> RadialConstraint()(kernel)[:, :, 0, 0]
        tensor([[8., 8., 8.],
                [8., 4., 8.],
                [8., 8., 8.]])

    Reference:
        ``RadialConstraint`` of tf-keras. For odd sizes, tf-keras takes each ring's weight from
        one position further inside, so that each application changes the filter; for even sizes both
        keep the weight above and left of the centre in the innermost ring.
    """

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the weight with rings."""
        weight = to_operand_of(self, weight_matrix)
        sizes = tuple(weight.shape)
        if len(sizes) != 4 or sizes[0] != sizes[1]:
            raise refusal(self, "weight_matrix", sizes, "a shape (size, size, in, out)")
        half, is_even = sizes[0] // 2, sizes[0] % 2 == 0
        places = torch.arange(sizes[0], device=weight.device)
        distances = torch.where(places < half, half - is_even - places, places - half)
        sources = half + torch.maximum(distances.unsqueeze(0), distances.unsqueeze(1))
        if is_even:
            sources = torch.where(sources == half, half - 1, sources)
        return weight[sources, sources]
