"""The ``Constraint`` base class."""

from __future__ import annotations

from torch import Tensor

from kplug.components.configurable import Configurable


class Constraint(Configurable):
    """Moves a weight back to where it is allowed to be; applied after each update.

    Any function ``(weight_matrix) -> weight matrix`` works as well. A subclass that stores its
    constructor's arguments under their own names needs no ``get_config``.

    Example:
        >>> import torch
        >>> class Clipped(Constraint):
        ...     def __init__(self, limit=1.0):
        ...         self.limit = limit
        ...     def __call__(self, weight_matrix):
        ...         return weight_matrix.clamp(-self.limit, self.limit)
        >>> Clipped(limit=2.0)(torch.tensor([1.0, -4.0]))
        tensor([ 1., -2.])
    """

    def __call__(self, weight_matrix: Tensor) -> Tensor:
        """Return the projected weight; the base class, as in Keras, returns the weight unchanged.

        Args:
            weight_matrix: The weight in Keras's shape, any rank.

        Returns:
            A tensor of the same shape and data type.
        """
        return weight_matrix
