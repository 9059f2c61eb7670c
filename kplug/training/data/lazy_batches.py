"""Batches of samples that are not in memory as tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

import torch

from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import Batch, check_batch_size
from kplug.training.data.lazy_arrays import LazyArray, LazyFileArray, read_ranges, take_rows
from kplug.training.data.samples import Samples, list_arrays
from kplug.training.data.shuffling import BufferSizes, runs_in_order, shuffled_runs

# As dense tensors, rows of a sparse matrix are written and read once: the fewer, the likelier they
# are still in the cache.
_SPARSE_BYTES = 1 << 22


class LazySource:
    """Batches from sparse matrices and from arrays in files, a pool of rows in memory at a time.

    Rows of a sparse matrix are shuffled as those of a tensor are. What is in a file is read in blocks of
    consecutive rows: the blocks come in random order, and the rows of as many as a pool of 64 MiB holds
    (32 of them) are shuffled together. So batches are as random as those of a tensor if the data fit into
    one pool, or if the file is in random order; classes that lie one after another in a far larger file
    are mixed within a pool, and no better.

    Args:
        samples: The data; a leaf of inputs or targets may be ``LazyArray``.
        batch_size: Samples per batch; the last one may be smaller.
        device: Where the batches go.
        input_types: The type that the model takes for each input.
        shuffle: Draw a new order for each epoch from torch's global generator.
        method: The method that the batch size was given to, for messages.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int | None = None,
        *,
        device: torch.device | None = None,
        input_types: Sequence[torch.dtype] | None = None,
        shuffle: bool = False,
        method: str = "fit",
    ) -> None:
        self.samples, self.batch_size = samples, check_batch_size(batch_size, method)
        self.device, self.input_types, self.shuffle = device, input_types, shuffle

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.samples) / self.batch_size)

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""
        is_mixed = self.shuffle and not self._is_indexed
        for pool in self._pools():
            yield from ArraySource(
                pool,
                self.batch_size,
                device=self.device,
                input_types=self.input_types,
                shuffle=is_mixed,
            ).batches()

    @property
    def _is_indexed(self) -> bool:
        return all(rows.is_indexed for rows in _find_lazy_arrays(self.samples))

    def _pools(self) -> Iterator[Samples]:
        count, sizes = len(self.samples), self._choose_sizes()
        if self.shuffle and self._is_indexed:
            for index in torch.split(torch.randperm(count), sizes.pool):
                yield self.samples.map(partial(take_rows, index=index))
            return
        runs = shuffled_runs(count, sizes) if self.shuffle else runs_in_order(count, sizes.pool)
        for ranges in runs:
            yield self.samples.map(partial(read_ranges, ranges=ranges))

    def _choose_sizes(self) -> BufferSizes:
        rows = _find_lazy_arrays(self.samples)
        row_bytes = sum(each.row_bytes for each in rows)
        if self._is_indexed:
            size = max(1, _SPARSE_BYTES // max(1, row_bytes * self.batch_size)) * self.batch_size
            return BufferSizes(size, size)
        together = max(each.stored_together for each in rows if isinstance(each, LazyFileArray))
        return BufferSizes.choose(row_bytes, self.batch_size, together)


def has_lazy_arrays(samples: Samples) -> bool:
    """Tell whether some of the data are ``LazyArray``, so that a ``LazySource`` is needed."""
    return bool(_find_lazy_arrays(samples))


def _find_lazy_arrays(samples: Samples) -> list[LazyArray]:
    return [array for array in list_arrays(samples.arrays) if isinstance(array, LazyArray)]
