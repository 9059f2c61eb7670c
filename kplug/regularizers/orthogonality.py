"""The orthogonality penalty on the rows or columns of a matrix."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from kplug.backend import epsilon
from kplug.backend.convert import TensorLike, to_operand_of
from kplug.components.arguments import require_choice, require_number
from kplug.components.configurable import declared_name
from kplug.errors import ArgumentValueError
from kplug.regularizers.base import Regularizer


@final
class OrthogonalRegularizer(Regularizer):
    """Mean absolute cosine between the rows, or the columns, of a matrix, times ``factor``.

    ``factor · Σ|uᵢ·uⱼ| / (n(n−1)/2)`` over the pairs ``i < j`` of the n rows (or columns) scaled
    to length 1. For a dense kernel ``(in, out)`` the columns are the units.

    Args:
        factor: Factor, >= 0.
        mode: ``"rows"`` or ``"columns"``.

    Raises:
        ArgumentValueError: for a negative factor or an unknown mode; at the call, for a weight
            that is no matrix.

    Example:
        >>> OrthogonalRegularizer(factor=1.0)(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
        tensor(0.7071)

    Reference:
        Keras 3's ``OrthogonalRegularizer``. A matrix with a single row has no pairs: the penalty
        is 0 here, NaN in Keras.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = require_number(self, "factor", factor, "a finite number >= 0", at_least=0.0)
        self.mode = require_choice(self, "mode", mode, ("rows", "columns"))

    def __call__(self, weight_matrix: TensorLike) -> Tensor:
        """Return the penalty, a scalar.

        Args:
            weight_matrix: The weight, shape (rows, columns).
        """
        weight = to_operand_of(self, weight_matrix)
        if weight.dim() != 2:
            name, shape = declared_name(type(self)), tuple(weight.shape)
            raise ArgumentValueError(name, "weight_matrix", shape, "a matrix, two dimensions")
        vectors = weight if self.mode == "rows" else weight.T
        units = torch.nn.functional.normalize(vectors, dim=1, eps=epsilon())
        cosines = (units @ units.T).abs()
        pairs = max(1.0, len(units) * (len(units) - 1) / 2.0)
        return self.factor * (cosines.sum() - cosines.diagonal().sum()) / (2.0 * pairs)
