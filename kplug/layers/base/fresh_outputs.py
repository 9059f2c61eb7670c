"""Applies activations, in place where possible, to tensors that nothing else references."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kplug.activations import relu


def activate(activation: Callable[[Tensor], Tensor], fresh: Tensor) -> Tensor:
    """Return the activation of a tensor that nobody else holds.

    Without gradients relu works in place, with the same values. Memory for one more large tensor would have
    to be asked of the system and given back in each batch, which takes longer than relu.

    Args:
        activation: The activation.
        fresh: Any shape; not to be used any more.
    """
    if activation is relu and not torch.is_grad_enabled() and not torch.compiler.is_compiling():
        return torch.relu_(fresh)
    return activation(fresh)
