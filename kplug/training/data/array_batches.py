"""Batches of in-memory arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from kplug.training.data.batch import NO_SKIP, Batch, SampleSource, Skip
from kplug.training.data.samples import list_arrays, map_arrays
from kplug.training.data.shuffling import draw_order
from kplug.training.devices import move

# Rows of several small batches are gathered at once: a block of this size stays in the cache,
# and amortizes the overhead of a call.
_BLOCK_BYTES = 1 << 18


class ArraySource(SampleSource):
    """Batches of tensors in memory; inputs of another type than the model's are cast block by block.

    ``generator`` draws the order; torch's global one by default.
    """

    def __init__(
        self, *args: Any, generator: torch.Generator | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._generator = generator

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one epoch, without the first ones."""
        count, order = len(self.samples), self._draw_order()
        skip.restore()
        arrays = list_arrays(self.samples.arrays)
        make_batch = self._find_batch_maker()
        if count <= self.batch_size and not skip.count:
            yield make_batch(*self._block(arrays, order, 0, count))
            return
        size = self._block_size(arrays)
        for start in range(skip.count * self.batch_size, count, size):
            rows = self._block(arrays, order, start, min(start + size, count))
            yield from map(make_batch, *(torch.split(each, self.batch_size) for each in rows))

    def parts(
        self, cut: Callable[[int], tuple[int, int]], skip: Skip = NO_SKIP
    ) -> Iterator[tuple[Batch, int]]:
        """Return a part of each batch of one epoch, and how many samples the whole batch has.

        ``cut`` maps a batch's number of samples to the start and stop of the part. Other rows are neither
        gathered nor cast nor moved.
        """
        count, order = len(self.samples), self._draw_order()
        skip.restore()
        arrays = list_arrays(self.samples.arrays)
        make_batch = self._find_batch_maker()
        for start in range(skip.count * self.batch_size, count, self.batch_size):
            size = min(self.batch_size, count - start)
            first, last = cut(size)
            yield make_batch(*self._block(arrays, order, start + first, start + last)), size

    def _draw_order(self) -> Tensor | None:
        return draw_order(len(self.samples), self._generator) if self.shuffle else None

    def _find_batch_maker(self) -> Callable[..., Batch]:
        """Return the function that makes a batch of one part of each array, in their order."""
        template = self.samples.arrays
        given = [part for part in template if part is not None]
        is_plain = True not in [isinstance(part, (list, dict)) for part in given]
        if is_plain and False not in [part is not None for part in template[: len(given)]]:
            return Batch

        def make_batch(*parts: Tensor) -> Batch:
            left = iter(parts)
            return Batch(*map_arrays(template, lambda _: next(left)))

        return make_batch

    def _block_size(self, arrays: Sequence[Tensor]) -> int:
        row = sum(array.element_size() * array[0].numel() for array in arrays) or 1
        return self.batch_size * max(1, _BLOCK_BYTES // (row * self.batch_size))

    def _block(
        self, arrays: Sequence[Tensor], order: Tensor | None, start: int, stop: int
    ) -> list[Tensor]:
        blocks = [self._rows(array, order, start, stop) for array in arrays]
        for place, dtype in enumerate(self.input_types):
            blocks[place] = blocks[place].to(dtype)
        return blocks

    def _rows(self, array: Tensor, order: Tensor | None, start: int, stop: int) -> Tensor:
        if order is None:
            rows = array[start:stop]
        else:
            rows = array.index_select(0, order[start:stop].to(array.device))
        return move(rows, self.device)
