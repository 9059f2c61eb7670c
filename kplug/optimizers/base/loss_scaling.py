"""Static loss scaling, which keeps small gradients from underflowing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from torch import Tensor


@dataclasses.dataclass(frozen=True)
class LossScaling:
    """Multiplies the loss before the backward pass and divides the gradients after it."""

    factor: float

    def scale(self, loss: Tensor) -> Tensor:
        """Return the loss times the factor."""
        return loss * self.factor

    def unscale(self, parameters: Iterable[Tensor]) -> None:
        """Divide the gradients by the factor, into new tensors."""
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = parameter.grad / self.factor
