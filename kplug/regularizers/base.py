"""The ``Regularizer`` base class."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from kplug.components.configurable import Configurable


class Regularizer(Configurable, ABC):
    """Makes a penalty of a weight or of a layer's output; it is added to the training loss.

    Any function ``(weight_matrix) -> scalar`` works as well. A subclass that stores its
    constructor's arguments under their own names needs no ``get_config``.

    Raises:
        ArgumentValueError: in a subclass, for an argument outside its range.

    Example:
        >>> import torch
        >>> class Largest(Regularizer):
        ...     def __init__(self, factor=0.1):
        ...         self.factor = factor
        ...     def __call__(self, weight_matrix):
        ...         return self.factor * weight_matrix.abs().max()
        >>> Largest(factor=0.5)(torch.tensor([1.0, -4.0]))
        tensor(2.)
    """

    @abstractmethod
    def __call__(self, weight_matrix: Tensor) -> Tensor:
        """Return the penalty.

        Args:
            weight_matrix: The weight in Keras's shape, any rank; or a layer's output.

        Returns:
            A scalar (0-d) tensor of the weight's data type.
        """
