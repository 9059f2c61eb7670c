"""Batches of lazy arrays, read during the epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import torch

from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import NO_SKIP, Batch, SampleSource, Skip
from kplug.training.data.lazy_arrays import LazyArray, LazyFileArray, read_ranges, take_rows
from kplug.training.data.samples import Samples, list_arrays
from kplug.training.data.shuffling import BufferSizes, draw_order, runs_in_order, shuffled_runs

# Dense rows of a sparse matrix are read once: a few at a time are still in the cache then.
_SPARSE_BYTES = 1 << 22


class LazySource(SampleSource):
    """Batches of sparse matrices and of arrays in files, partly in memory at a time.

    Rows of a sparse matrix are shuffled like those of a tensor. Files are read in blocks of consecutive rows:
    the blocks come in random order, and those that fit into a shuffle buffer of 64 MiB (32 of them) are
    shuffled together. So batches are as random as those of a tensor if the data fit into one buffer, or if
    the file is in random order. If a far larger file is sorted by class, classes are mixed only within
    a buffer.
    """

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one epoch, without the first ones."""
        is_mixed = self.shuffle and not self._is_indexed
        # A seed for each buffer: its order depends neither on what steps draw, nor on other buffers.
        seed = int(torch.randint(1 << 31, ())) if is_mixed else 0
        left = skip.count
        for place, (count, read) in enumerate(self._buffers()):
            if not place:  # all random numbers of the pass are drawn by now
                skip.restore()
            inside = math.ceil(count / self.batch_size)
            if left >= inside:
                left -= inside
                continue
            yield from ArraySource(
                read(),
                self.batch_size,
                device=self.device,
                input_types=self.input_types,
                shuffle=is_mixed,
                generator=torch.Generator().manual_seed(seed + place),
            ).batches(Skip(left))
            left = 0

    @property
    def _is_indexed(self) -> bool:
        return all(rows.is_indexed for rows in _find_lazy_arrays(self.samples))

    def _buffers(self) -> Iterator[tuple[int, Callable[[], Samples]]]:
        """Yield the number of rows of each buffer, and a function that reads them."""
        count, sizes = len(self.samples), self._choose_sizes()
        if self.shuffle and self._is_indexed:
            for index in torch.split(draw_order(count), sizes.buffer):
                yield len(index), partial(self.samples.map, partial(take_rows, index=index))
            return
        runs = shuffled_runs(count, sizes) if self.shuffle else runs_in_order(count, sizes.buffer)
        for ranges in runs:
            rows = sum(stop - start for start, stop in ranges)
            yield rows, partial(self.samples.map, partial(read_ranges, ranges=ranges))

    def _choose_sizes(self) -> BufferSizes:
        rows = _find_lazy_arrays(self.samples)
        row_bytes = sum(each.row_bytes for each in rows)
        if self._is_indexed:
            size = max(1, _SPARSE_BYTES // max(1, row_bytes * self.batch_size)) * self.batch_size
            return BufferSizes(size, size)
        together = max(each.stored_together for each in rows if isinstance(each, LazyFileArray))
        return BufferSizes.choose(row_bytes, self.batch_size, together)


def has_lazy_arrays(samples: Samples) -> bool:
    """Tell whether a part of the data is a ``LazyArray``, so that a ``LazySource`` is needed."""
    return bool(_find_lazy_arrays(samples))


def _find_lazy_arrays(samples: Samples) -> list[LazyArray]:
    return [array for array in list_arrays(samples.arrays) if isinstance(array, LazyArray)]
