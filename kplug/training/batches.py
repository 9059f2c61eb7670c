"""Where the batches of an epoch come from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from kplug.arguments import require_integer
from kplug.errors import DataError
from kplug.training.data import Samples, as_samples

# Rows are gathered for several small batches at once: at this size the block stays in the cache,
# and the cost of a call no longer counts.
_BLOCK_BYTES = 1 << 18


class Batch(NamedTuple):
    """One batch on the model's device."""

    x: Tensor
    y: Tensor | None
    weights: Tensor | None


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
        input_type: The type the model takes; inputs of another type are cast block by block.
        shuffle: Draw a new order for each epoch from torch's global generator.
        method: The method that the batch size was given to, for messages.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int | None = None,
        *,
        device: torch.device | None = None,
        input_type: torch.dtype | None = None,
        shuffle: bool = False,
        method: str = "fit",
    ) -> None:
        self.samples, self.batch_size = samples, check_batch_size(batch_size, method)
        self.device = samples.x.device if device is None else device
        self.input_type = samples.x.dtype if input_type is None else input_type
        self.shuffle = shuffle

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self.samples) / self.batch_size)

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one epoch."""
        order = torch.randperm(len(self.samples)) if self.shuffle else None
        size = self._block_size()
        for start in range(0, len(self.samples), size):
            x, y, weights = self._block(order, start, min(start + size, len(self.samples)))
            parts = torch.split(x, self.batch_size)
            yield from map(Batch, parts, self._split(y, parts), self._split(weights, parts))

    def _split(
        self, array: Tensor | None, parts: tuple[Tensor, ...]
    ) -> tuple[Tensor, ...] | list[None]:
        return [None] * len(parts) if array is None else torch.split(array, self.batch_size)

    def _block_size(self) -> int:
        arrays = [array for array in self.samples.arrays if array is not None]
        row = sum(array.element_size() * array[0].numel() for array in arrays) or 1
        return self.batch_size * max(1, _BLOCK_BYTES // (row * self.batch_size))

    def _block(
        self, order: Tensor | None, start: int, stop: int
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        x, y, weights = (
            None if array is None else self._rows(array, order, start, stop)
            for array in self.samples.arrays
        )
        if x is None:  # pragma: no cover - Samples always have inputs
            raise DataError("the data have no inputs")
        return x.to(self.input_type), y, weights

    def _rows(self, array: Tensor, order: Tensor | None, start: int, stop: int) -> Tensor:
        if order is None:
            rows = array[start:stop]
        else:
            rows = array.index_select(0, order[start:stop].to(array.device))
        return rows.to(self.device, non_blocking=True)


class IterableSource:
    """Batches as a ``DataLoader``, a generator or another iterable gives them.

    Args:
        iterable: Gives ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.
        method: The method it was given to, for messages.
        prepare: Makes each batch fit the model.
    """

    def __init__(
        self,
        iterable: Iterable[Any],
        method: str,
        prepare: Callable[[Samples], Samples] = lambda samples: samples,
    ) -> None:
        self.iterable, self.method, self.prepare = iterable, method, prepare
        self._peeked: list[Any] = []

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
        for given in self.iterable:
            if isinstance(self.iterable, Iterator):
                self._peeked.append(given)
            self._convert(given)
            return

    def batches(self) -> Iterator[Batch]:
        """Return the batches of one pass."""
        peeked, self._peeked = self._peeked, []
        for given in itertools.chain(peeked, self.iterable):
            yield self._convert(given)

    def _convert(self, given: Any) -> Batch:
        parts = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(parts) <= 3:
            raise DataError(
                f"{self.method}: a batch has {len(parts)} parts; "
                "it must be x, (x, y) or (x, y, sample_weight)"
            )
        return Batch(*self.prepare(as_samples(self.method, *parts)).arrays)


def check_batch_size(batch_size: int | None, method: str) -> int:
    """Return the batch size, 32 for None.

    Raises:
        ArgumentValueError: If it is no integer >= 1.
    """
    if batch_size is None:
        return 32
    return require_integer(method, "batch_size", batch_size, "an integer >= 1", at_least=1)
