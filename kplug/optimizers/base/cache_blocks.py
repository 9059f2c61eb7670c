"""Cache blocking: cuts parameters into blocks that fit the processor's cache.

A rule of eight operations over whole tensors reads main memory eight times; over blocks, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

# Five tensors of a rule, 256 KiB each, fit the L2 cache of current processors. With smaller blocks,
# call overhead dominates.
BLOCK_BYTES = 1 << 18
MOST_THREADS = 8  # block size grows with the threads, up to this many


def walk(*lists: Sequence[Tensor]) -> Iterator[tuple[list[Tensor], ...]]:
    """Yield the work units of a rule: first all small tensors together, then block after block.

    Args:
        lists: Parameters, gradients and state, in lists of the same length. Only CPU tensors with the
            strides of their parameter are cut.

    Example:
        >>> sizes = [(1000, 100), (3,)]
        >>> found = []
        >>> for parameters, gradients in walk(*[[torch.ones(size) for size in sizes]] * 2):
        ...     found += [tuple(parameter.shape) for parameter in parameters]
        >>> found[0], sum(size for (size,) in found[1:])
        ((3,), 100000)
    """
    largest = max(map(Tensor.numel, lists[0]))
    is_whole = torch.compiler.is_compiling()  # a compiler fuses the operations, which is better
    if is_whole or largest * lists[0][0].element_size() <= BLOCK_BYTES:
        yield tuple(map(list, lists))
        return
    small: list[tuple[Tensor, ...]] = []
    large: list[tuple[Tensor, ...]] = []
    for tensors in zip(*lists, strict=True):
        flat = _flatten(tensors)
        if flat is None:
            small.append(tensors)
        else:
            large.append(flat)
    if small:
        yield tuple(map(list, zip(*small, strict=True)))
    size = BLOCK_BYTES * min(torch.get_num_threads(), MOST_THREADS)
    for flat in large:
        length = size // flat[0].element_size()
        for block in zip(*(torch.split(tensor, length) for tensor in flat), strict=True):
            yield tuple([piece] for piece in block)


def _flatten(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """Return flat views in memory order, or None if the tensors are small or have no such view."""
    first = tensors[0]
    if first.numel() * first.element_size() <= BLOCK_BYTES or first.device.type != "cpu":
        return None
    strides = first.stride()
    for tensor in tensors:
        if tensor.stride() != strides or tensor.dtype is not first.dtype:
            return None
    if first.is_contiguous():
        return tuple(tensor.view(-1) for tensor in tensors)
    order = sorted(range(first.ndim), key=strides.__getitem__, reverse=True)
    if not first.permute(order).is_contiguous():
        return None
    return tuple(tensor.permute(order).view(-1) for tensor in tensors)
