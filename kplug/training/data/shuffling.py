"""Which rows are read together, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

# A pool is shuffled as a whole, so it should be large; a block is read at once, and the longer it is, the
# less a disk has to seek.
POOL_BYTES = 1 << 26
BLOCKS_PER_POOL = 32

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class BufferSizes:
    """How many rows there are at a time.

    Args:
        block: Rows that are read in one run.
        pool: Rows in memory, among which a batch is drawn.
    """

    block: int
    pool: int

    @classmethod
    def choose(cls, row_bytes: int, batch_size: int, stored_together: int = 1) -> BufferSizes:
        """Return sizes that bound memory, whole batches and pieces of the file as far as that allows.

        Args:
            row_bytes: Memory of one sample.
            batch_size: Samples per step; a pool has at least so many.
            stored_together: Rows in a piece of the file.
        """
        pool = max(batch_size, POOL_BYTES // max(1, row_bytes))
        block = max(1, pool // BLOCKS_PER_POOL)
        if block > stored_together > 1:
            block -= block % stored_together
        elif block < stored_together:
            block = min(stored_together, pool)
        return cls(block, pool - pool % batch_size)


def runs_in_order(count: int, size: int) -> Iterator[list[Range]]:
    """Yield the rows of one pool after another, in the order of the array.

    Example:
        >>> list(runs_in_order(5, 2))
        [[(0, 2)], [(2, 4)], [(4, 5)]]
    """
    for start in range(0, count, size):
        yield [(start, min(start + size, count))]


def shuffled_runs(count: int, sizes: BufferSizes) -> Iterator[list[Range]]:
    """Yield the rows of one pool after another: blocks in random order, as many as a pool holds.

    Where the blocks begin is drawn anew for each epoch, so rows that are neighbours in the file do not stay
    together for ever. All numbers come from torch's global generator, before the first pool. Every pool
    but the last is full: a block that does not fit is divided between two.
    """
    offset = int(torch.randint(sizes.block, ())) if count > sizes.pool else 0
    edges = range(-offset, count, sizes.block)
    blocks = [(max(0, edge), min(edge + sizes.block, count)) for edge in edges]
    runs: list[Range] = []
    free = sizes.pool
    for index in torch.randperm(len(blocks)).tolist():
        start, stop = blocks[index]
        while start < stop:
            end = min(stop, start + free)
            runs.append((start, end))
            free -= end - start
            start = end
            if not free:
                yield sorted(runs)
                runs, free = [], sizes.pool
    if runs:
        yield sorted(runs)
