"""Masks of symbolic tensors as symbolic tensors."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from kplug import non_mutating
from kplug.graph import MaskStep, Node, SymbolicTensor, sort_nodes
from kplug.support.nested import find_leaves, map_leaves
from kplug_keras2.symbolic.function_layer import FunctionLayer

_found: WeakKeyDictionary[SymbolicTensor, Any] = WeakKeyDictionary()


@non_mutating
class _Mask(FunctionLayer):
    """Returns the mask of a tensor itself; a watched layer would get copies."""


def mask_of(x: Tensor) -> Tensor:
    """Return the mask of a tensor; all True if it has none."""
    mask = getattr(x, "_keras_mask", None)
    return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask


def find_mask(tensor: SymbolicTensor) -> Any:
    """Return the symbolic mask of a symbolic tensor; ``None`` if no preceding layer creates one."""
    if tensor not in _found:
        _found[tensor] = _Mask(mask_of)(tensor) if _is_masked(tensor) else None
    return _found[tensor]


def _is_masked(tensor: SymbolicTensor) -> bool:
    """Trace the mask operations of Keras's graph through the preceding layers."""
    masks: dict[tuple[Node, int], Any] = {}
    for node in sort_nodes([tensor]):
        first = node.args[0] if node.args else None
        inputs = map_leaves(first, SymbolicTensor, lambda one: one.node)
        passed = node.kwargs.get("mask")
        carried = (
            map_leaves(first, SymbolicTensor, lambda one: masks.get((one.node, one.index)))
            if passed is None
            else map_leaves(passed, SymbolicTensor, lambda one: one.node)
        )
        made = node.layer.trace_masks(inputs, carried)
        several = list(made) if isinstance(made, (list, tuple)) else [made] * (tensor.index + 1)
        for index, mask in enumerate(several):
            masks[node, index] = next(find_leaves(mask, (Node, MaskStep)), None)
    return masks.get((tensor.node, tensor.index)) is not None
