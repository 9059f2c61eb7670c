"""Applies activations, in place where possible, to tensors that nothing else references."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kplug.activations import relu

TensorFunction = Callable[[Tensor], Tensor]


def activate(
    activation: TensorFunction, fresh: Tensor, restore: TensorFunction | None = None
) -> Tensor:
    """Apply an activation to a tensor that nothing else references.

    Relu works in place, with the same values and gradients: products and convolutions need their inputs for
    the backward pass, and relu its result. Another large tensor in each layer takes longer than relu itself.

    Args:
        activation: The activation.
        fresh: A tensor of any shape; its values may be overwritten.
        restore: Returns a view of it in the layer's layout, which the activation is given. Relu comes
            first, since torch's backward pass copies where a view was changed.
    """
    if activation is relu and not torch.compiler.is_compiling() and _may_change(fresh):
        made = torch.relu_(fresh)
        return made if restore is None else restore(made)
    return activation(fresh if restore is None else restore(fresh))


def _may_change(fresh: Tensor) -> bool:
    return not torch.is_grad_enabled() or not fresh._is_view()
