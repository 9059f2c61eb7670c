"""Applies activations, in place where possible, to tensors that nothing else references."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kplug.activations import relu


def activate(activation: Callable[[Tensor], Tensor], fresh: Tensor) -> Tensor:
    """Apply an activation to a tensor that nothing else references.

    Without gradients, relu works in place, with the same values. Allocating and freeing another large
    tensor in each batch takes longer than relu itself.

    Args:
        activation: The activation.
        fresh: A tensor of any shape; its values may be overwritten.
    """
    if activation is relu and not torch.is_grad_enabled() and not torch.compiler.is_compiling():
        return torch.relu_(fresh)
    return activation(fresh)
