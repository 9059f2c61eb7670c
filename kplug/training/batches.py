"""Where the batches of an epoch come from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from kplug.arguments import require_integer
from kplug.backend.processes import count_processes
from kplug.errors import DataError
from kplug.training.data import Samples, list_arrays, map_arrays
from kplug.training.streams.prefetch import Prefetcher
from kplug.training.streams.transfer import move

# Rows are gathered for several small batches at once: at this size the block stays in the cache,
# and the cost of a call no longer counts.
_BLOCK_BYTES = 1 << 18


class Batch(NamedTuple):
    """One batch on the model's device.

    Args:
        x: Inputs: a tensor, or tensors in a list or a dict by name, as the model takes them.
        y: Targets: a tensor; for several outputs a list with a tensor or None for each; or None.
        weights: Sample weights, likewise.
        share: Factor of the losses, where this is one process's part of a batch: how many samples it
            has, as a multiple of an even share.
        even_share: That even share, in samples.
        parts: How many parts the batch was cut into.
    """

    x: Any
    y: Any = None
    weights: Any = None
    share: float = 1.0
    even_share: float | None = None
    parts: int = 1

    @property
    def size(self) -> int:
        """The number of samples."""
        return len(self.x if isinstance(self.x, Tensor) else list_arrays(self.x)[0])

    @property
    def weight(self) -> float:
        """What the losses of the batch count, in samples, beside those of other batches."""
        return self.size if self.even_share is None else self.even_share

    def factor_for(self, reduction: str) -> float:
        """Return what makes of the loss of each part one whose mean over all parts is the batch's.

        Args:
            reduction: How the loss was reduced: ``"sum"``, or some mean.
        """
        if reduction == "sum":
            return float(self.parts) if self.share else 0.0
        return self.share


class Source(Protocol):
    """Anything that gives the batches of one epoch after another."""

    @property
    def steps(self) -> int | None:
        """Batches in an epoch, or None where only the end will tell."""

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""


class ArraySource:
    """Batches by index from tensors that lie in memory.

    Args:
        samples: The data.
        batch_size: Samples per batch, >= 1; the last batch may be smaller.
        device: Where the batches go.
        input_types: The type that the model takes for each input; inputs of another type are cast
            block by block.
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
        inputs = list_arrays(samples.x)
        self.device = inputs[0].device if device is None else device
        self.input_types = [x.dtype for x in inputs] if input_types is None else input_types
        self.shuffle = shuffle

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.samples) / self.batch_size)

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""
        count, size = len(self.samples), self._block_size()
        order = self._draw_order()
        arrays = list_arrays(self.samples.arrays)
        make_batch = self._find_batch_maker()
        for start in range(0, count, size):
            rows = self._block(arrays, order, start, min(start + size, count))
            yield from map(make_batch, *(torch.split(each, self.batch_size) for each in rows))

    def parts(self, cut: Callable[[int], tuple[int, int]]) -> Iterator[tuple[Batch, int]]:
        """Return a part of each batch of one epoch, and how many samples the whole batch has.

        Other rows are neither gathered nor cast nor moved.

        Args:
            cut: Tells where the part of a batch of so many samples begins and ends.
        """
        count, order = len(self.samples), self._draw_order()
        arrays = list_arrays(self.samples.arrays)
        make_batch = self._find_batch_maker()
        for start in range(0, count, self.batch_size):
            size = min(self.batch_size, count - start)
            first, last = cut(size)
            yield make_batch(*self._block(arrays, order, start + first, start + last)), size

    def _draw_order(self) -> Tensor | None:
        return torch.randperm(len(self.samples)) if self.shuffle else None

    def _find_batch_maker(self) -> Callable[..., Batch]:
        """Return the function that makes a batch of one part of each array, in their order."""
        template = self.samples.arrays
        given = [part for part in template if part is not None]
        is_plain = not any(isinstance(part, (list, dict)) for part in given)
        if is_plain and all(part is not None for part in template[: len(given)]):
            return Batch

        def make_batch(*parts: Tensor) -> Batch:
            left = iter(parts)
            return Batch(*map_arrays(template, lambda _: next(left)))

        return make_batch

    def _block_size(self) -> int:
        arrays = list_arrays(self.samples.arrays)
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


class IterableSource:
    """Batches as a ``DataLoader``, a generator or another iterable gives them.

    Args:
        iterable: Gives ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.
        method: The method it was given to, for messages.
        prepare: Makes samples that fit the model of the parts of a batch.
        limit: How many batches will be asked for at most, so that a generator is not read further.
    """

    def __init__(
        self,
        iterable: Iterable[Any],
        method: str,
        prepare: Callable[..., Samples],
        limit: int | None = None,
    ) -> None:
        self.iterable, self.method, self.prepare = iterable, method, prepare
        self._peeked: list[Any] = []
        # Of several processes none reads ahead: a thread draws random numbers at any time, so the
        # generator of each would shuffle in another way.
        reads_ahead = isinstance(iterable, Iterator) and count_processes() == 1
        self._given = Prefetcher(iterable, limit) if reads_ahead else iterable

    @property
    def steps(self) -> int | None:
        """The iterable's length, if it has one."""
        try:
            return len(self.iterable)  # type: ignore[arg-type]
        except TypeError:
            return None

    def peek(self) -> None:
        """Prepare the first batch, which builds a model that does not know its input shape.

        A generator's first batch is kept for the first pass.
        """
        for given in self._given:
            if isinstance(self._given, Iterator):
                self._peeked.append(given)
            self._convert(given)
            return

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one pass."""
        peeked, self._peeked = self._peeked, []
        for given in itertools.chain(peeked, self._given):
            yield self._convert(given)

    def close(self) -> None:
        """End the thread that reads a generator."""
        if isinstance(self._given, Prefetcher):
            self._given.close()

    def _convert(self, given: Any) -> Batch:
        parts = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(parts) <= 3:
            raise DataError(
                f"{self.method}: a batch has {len(parts)} parts; "
                "it must be x, (x, y) or (x, y, sample_weight)"
            )
        return Batch(*self.prepare(*parts).arrays)


def check_batch_size(batch_size: int | None, method: str) -> int:
    """Return the batch size, 32 for None.

    Raises:
        ArgumentValueError: If it is no integer >= 1.
    """
    if batch_size is None:
        return 32
    return require_integer(method, "batch_size", batch_size, "an integer >= 1", at_least=1)
