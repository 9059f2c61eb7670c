"""Passes over a ``PyDataset``, with its epoch hooks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from kplug.errors import DataError
from kplug.registry.problems import describe_error
from kplug.training.data.batch import NO_SKIP, Skip
from kplug.training.data.py_dataset import PyDataset, as_length
from kplug.training.data.shuffling import draw_order
from kplug.training.data.workers import Answer, name_batch, read_ahead, read_batch


class DatasetPasses:
    """Repeated passes over a dataset's batches; each calls the dataset's hooks at its start and end.

    Args:
        dataset: The dataset.
        shuffle: Whether each pass draws a new order of the batches.

    Attributes:
        item: The name of the last batch in messages.
    """

    def __init__(self, dataset: PyDataset, *, shuffle: bool = False) -> None:
        self.dataset, self.shuffle = dataset, shuffle
        self.item = name_batch(dataset, 0)

    def __len__(self) -> int:
        """Return the number of batches of a pass.

        Raises:
            TypeError: The dataset is infinite.
        """
        count = self._count()
        if count is None:
            raise TypeError(f"{type(self.dataset).__name__} has no end")
        return count

    def _count(self) -> int | None:
        count = self.dataset.num_batches
        return None if count is None else as_length(self.dataset, count, "batches")

    def first(self) -> Any:
        """Return batch 0, outside of a pass."""
        return self._open(0, read_batch(self.dataset, 0))

    @property
    def reads_ahead(self) -> bool:
        """Whether workers make batches before they are needed."""
        return self.dataset.workers > 1 or self.has_processes

    @property
    def has_processes(self) -> bool:
        """Whether these workers are processes."""
        return self.dataset.use_multiprocessing and self.dataset.workers > 0

    def __iter__(self) -> Iterator[Any]:
        return self.after(NO_SKIP)

    def after(self, skip: Skip) -> Iterator[Any]:
        """Return the batches of a pass, without the first ones.

        These are not made, unless the workers are processes, whose generators are only there.
        """
        dataset = self.dataset
        dataset.on_epoch_begin()
        order = self._draw_order()
        if self.has_processes:
            answers: Iterator[tuple[int, Answer]] = skip.over(read_ahead(dataset, order))
        else:
            left = skip.over(iter(order))
            given = ((index, read_batch(dataset, index)) for index in left)
            answers = read_ahead(dataset, left) if self.reads_ahead else given
        for index, answer in answers:
            yield self._open(index, answer)
        dataset.on_epoch_end()

    def _draw_order(self) -> Iterable[int]:
        count = self._count()
        if count is None:
            return itertools.count()
        order: list[int] = draw_order(count).tolist() if self.shuffle else list(range(count))
        return order

    def _open(self, index: int, answer: Answer) -> Any:
        """Return the batch of an answer.

        Raises:
            DataError: The answer is an error, which becomes the cause.
        """
        self.item = name_batch(self.dataset, index)
        if answer.error is None:
            return answer.batch
        is_from_here = answer.error.__traceback__ is not None
        cause = answer.error if is_from_here else RuntimeError(f"\n{answer.lines}")
        raise DataError(f"{self.item} raised {describe_error(answer.error)}") from cause
