"""Batch signatures: the structure, shapes and dtypes that a graph is specialized to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from kplug.support.nested import find_leaves, map_leaves
from kplug.training.data.batch import Batch


def describe_batches(batches: Sequence[Batch]) -> tuple[list[list[Tensor]], tuple[Any, ...]]:
    """Return the tensors and the signature of each batch: its structure, shapes and dtypes."""
    described = list(map(_describe, batches))
    return [leaves for leaves, _ in described], tuple([signature for _, signature in described])


def _describe(batch: Batch) -> tuple[list[Tensor], tuple[Any, ...]]:
    leaves: list[Tensor] = []
    signature: list[Any] = []
    for part in batch:
        if isinstance(part, Tensor):  # the fast path: this runs before every step
            leaves.append(part)
            signature.append((part.shape, part.stride(), part.dtype))
        elif part is None or isinstance(part, float):
            signature.append(part)
        else:
            inner = list(find_leaves(part, Tensor))
            leaves += inner
            signature.append(repr(map_leaves(part, Tensor, lambda _: 0)))
            signature += [(each.shape, each.stride(), each.dtype) for each in inner]
    return leaves, tuple(signature)
