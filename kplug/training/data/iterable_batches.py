"""Batches from a DataLoader, a dataset or a generator."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import util as processes
from typing import Any

import torch

from kplug.backend.processes import count_processes
from kplug.errors import DataError
from kplug.training.data.batch import NO_SKIP, Batch, BatchSource, Skip
from kplug.training.data.dataset_pass import DatasetPasses
from kplug.training.data.prefetch import Prefetcher
from kplug.training.data.py_dataset import PyDataset

# The longest path of a socket with its null byte, and the length of the part after its folder.
_LONGEST_NAME = 108 if sys.platform == "linux" else 104
_OF_SOCKET = len("/listener-12345678") + 1


class IterableSource:
    """Batches as a ``DataLoader``, a ``PyDataset``, a generator or another iterable gives them.

    Each is ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``. At most ``limit`` are
    requested, so that a generator is not read further. ``shuffle`` randomizes the order of a ``PyDataset``.
    ``count`` is the number of batches given so far.
    """

    def __init__(
        self,
        iterable: Iterable[Any],
        method: str,
        prepare: Callable[..., Batch],
        limit: int | None = None,
        *,
        shuffle: bool = False,
    ) -> None:
        if isinstance(iterable, PyDataset):
            iterable = DatasetPasses(iterable, shuffle=shuffle)
        elif isinstance(iterable, torch.utils.data.DataLoader):
            _require_short_folder(iterable, method)
        self.iterable, self.method, self.prepare, self.limit = iterable, method, prepare, limit
        self._peeked: list[Any] = []
        self.count = 0
        # No prefetching with several processes: a thread draws random numbers at any time, so each
        # process's generator would shuffle differently.
        reads_ahead = isinstance(iterable, Iterator) and count_processes() == 1
        self._given = Prefetcher(iterable, limit) if reads_ahead else iterable

    @property
    def steps(self) -> int | None:
        """The iterable's length, if it has one."""
        try:
            return len(self.iterable)  # type: ignore[arg-type]
        except TypeError:
            return None

    @property
    def is_given_once(self) -> bool:
        """Whether it is a one-shot iterator, which may be shorter or longer than its length."""
        return isinstance(self.iterable, Iterator)

    @property
    def reads_ahead(self) -> bool:
        """Whether batches are requested before the step that needs them."""
        given = self.iterable
        if isinstance(given, DatasetPasses):
            return given.reads_ahead
        workers = given.num_workers if isinstance(given, torch.utils.data.DataLoader) else 0
        return workers > 0 or self.draws_ahead

    @property
    def draws_ahead(self) -> bool:
        """Whether batches are made ahead in this process."""
        given = self.iterable
        if isinstance(given, DatasetPasses):
            return given.reads_ahead and not given.has_processes
        # With several processes, each asks for a batch more, to know whether all have one.
        return isinstance(self._given, Prefetcher) or (
            count_processes() > 1 and (self.is_given_once or self.steps is None)
        )

    @property
    def holders(self) -> Sequence[object]:
        """The objects whose attributes may be random generators."""
        given = self.iterable
        if isinstance(given, DatasetPasses):
            return [given.dataset]
        if not isinstance(given, torch.utils.data.DataLoader):
            return []
        inner = getattr(given.batch_sampler, "sampler", None)
        return [given, given.dataset, given.sampler, given.batch_sampler, inner]

    def peek(self) -> None:
        """Prepare the first batch, which builds a model that does not know its input shape.

        A generator's first batch is kept for the first pass.
        """
        if isinstance(self.iterable, DatasetPasses):
            self._convert(self.iterable.first())
            return
        for given in self._given:
            if isinstance(self._given, Iterator):
                self._peeked.append(given)
            self._convert(given)
            return

    @property
    def is_reading(self) -> bool:
        """Whether a thread is reading a generator."""
        return isinstance(self._given, Prefetcher) and self._given.has_begun

    def drop(self, count: int) -> None:
        """Make a number of batches and drop them, as an interrupted run has taken them."""
        self.count = sum(1 for _ in itertools.islice(self._given, count))

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one pass, without the first ones."""
        peeked, self._peeked = self._peeked, []
        if isinstance(self._given, DatasetPasses):
            batches = self._given.after(skip)
        else:
            batches = skip.over(itertools.chain(peeked, self._given))
        if self.is_given_once:  # it may continue past its length, as Keras 2's do
            batches = itertools.islice(batches, self.steps)
        for given in batches:
            yield self._convert(given)

    def close(self) -> None:
        """End the thread that reads a generator."""
        if isinstance(self._given, Prefetcher):
            self._given.close()

    def _convert(self, given: Any) -> Batch:
        passes = self.iterable
        item = passes.item if isinstance(passes, DatasetPasses) else f"batch {self.count}"
        self.count += 1
        try:
            return self.prepare(*_split(given, self.method))
        except DataError as error:
            raise error.at(item)  # noqa: B904 - the same error


def _require_short_folder(loader: torch.utils.data.DataLoader[Any], method: str) -> None:
    """Refuse a loader whose workers cannot send tensors: torch would wait forever."""
    strategy = torch.multiprocessing.get_sharing_strategy()  # type: ignore[no-untyped-call]
    sends_files = strategy == "file_descriptor"
    if not loader.num_workers or not sends_files:
        return
    folder = processes.get_temp_dir()
    if len(folder.encode()) + _OF_SOCKET > _LONGEST_NAME:
        raise DataError(
            f"{method}: the workers of the DataLoader cannot send tensors: their sockets would stand in "
            f"{folder!r}, whose name is too long for a socket",
            hint="Set TMPDIR to a folder with a shorter name, or num_workers to 0.",
        )


def _split(given: Any, method: str) -> tuple[Any, ...]:
    """Return the inputs, targets and weights of a batch; None for missing parts."""
    parts = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    if 1 <= len(parts) <= 3:
        return parts
    raise DataError(
        f"{method}: a batch has {len(parts)} parts; it must be x, (x, y) or (x, y, sample_weight)"
    )


@contextmanager
def closing_sources(*sources: BatchSource | None) -> Iterator[None]:
    """End the threads that read generators, however a run ends."""
    try:
        yield
    finally:
        for source in sources:
            if isinstance(source, IterableSource):
                source.close()


def is_iterable_of_batches(given: Any) -> bool:
    """Return whether data are a DataLoader, Dataset, PyDataset or generator, not arrays."""
    if isinstance(given, (torch.utils.data.DataLoader, torch.utils.data.Dataset, PyDataset)):
        return True
    return isinstance(given, Iterator)
