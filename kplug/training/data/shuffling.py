"""The order of samples in an epoch: random in memory, through a shuffle buffer for files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# A shuffle buffer is shuffled as a whole, so it should be large. A block is one read: the longer it is,
# the fewer the seeks.
BUFFER_BYTES = 1 << 26
BLOCKS_PER_BUFFER = 32

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class BufferSizes:
    """Sizes of the shuffle buffer.

    Args:
        block: Rows per read.
        buffer: Rows in memory, from which batches are drawn.
        together: Rows per chunk of the file, which is decompressed as a whole; a divisor of ``block``.
    """

    block: int
    buffer: int
    together: int = 1

    @classmethod
    def choose(cls, row_bytes: int, batch_size: int, stored_together: int = 1) -> BufferSizes:
        """Return sizes that bound memory and hold whole batches; blocks are of whole chunks."""
        buffer = max(batch_size, BUFFER_BYTES // max(1, row_bytes))
        block = max(1, buffer // BLOCKS_PER_BUFFER)
        block = max(block - block % stored_together, stored_together)
        return cls(block, buffer - buffer % batch_size, stored_together)


def draw_order(count: int, generator: torch.Generator | None = None) -> Tensor:
    """Return the numbers from 0 to ``count - 1`` in random order, by default of torch's global generator."""
    return torch.randperm(count, generator=generator)


def runs_in_order(count: int, size: int) -> Iterator[list[Range]]:
    """Yield the ranges of rows that fill one buffer after another, in the order of the array.

    Example:
        >>> list(runs_in_order(5, 2))
        [[(0, 2)], [(2, 4)], [(4, 5)]]
    """
    for start in range(0, count, size):
        yield [(start, min(start + size, count))]


def shuffled_runs(count: int, sizes: BufferSizes) -> Iterator[list[Range]]:
    """Yield the ranges of rows that fill one shuffle buffer after another: blocks in random order.

    The offset of the blocks is drawn for each epoch, so that neighbours in the file do not stay together. All
    random numbers come from torch's global generator before the first buffer is read, so several processes
    draw the same. Every buffer but the last is full: a block that does not fit is split between two buffers,
    and read last in the first one.
    """
    starts = sizes.block // sizes.together
    offset = int(torch.randint(starts, ())) * sizes.together if count > sizes.buffer else 0
    edges = range(-offset, count, sizes.block)
    blocks = [(max(0, edge), min(edge + sizes.block, count)) for edge in edges]
    runs: list[Range] = []
    free = sizes.buffer
    for index in torch.randperm(len(blocks)).tolist():
        start, stop = blocks[index]
        while start < stop:
            end = min(stop, start + free)
            runs.append((start, end))
            free -= end - start
            start = end
            if not free:
                yield [*sorted(runs[:-1]), runs[-1]] if start < stop else sorted(runs)
                runs, free = [], sizes.buffer
    if runs:
        yield sorted(runs)
