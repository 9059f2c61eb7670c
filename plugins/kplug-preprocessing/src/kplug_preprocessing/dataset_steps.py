"""TensorFlow's dataset methods for the results of ``*_dataset_from_*``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from kplug.components.arguments import require_integer
from kplug.support.nested import map_leaves


class DatasetSteps:
    """TensorFlow's dataset transformations; each returns a new dataset."""

    class_names: list[str] | None = None
    file_paths: list[str] | None = None

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Any]: ...

    def map(self, map_func: Callable[..., Any], *_of_threads: Any, **_how: Any) -> ChangedDataset:
        """Apply a function to each element; tuples are unpacked into arguments.

        Args:
            map_func: The function.
        """
        return self._change(lambda: (_apply(map_func, one) for one in self), self._count)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> ChangedDataset:
        """Keep the elements for which a function returns true."""
        del name
        return self._change(lambda: (one for one in self if bool(_apply(predicate, one))))

    def take(self, count: int, name: str | None = None) -> ChangedDataset:
        """Return the first elements; −1 means all."""
        del name
        end = None if count < 0 else count
        return self._change(
            lambda: itertools.islice(iter(self), end), lambda: _least(self._count(), end)
        )

    def skip(self, count: int, name: str | None = None) -> ChangedDataset:
        """Return the elements after the first ones; −1 leaves none."""
        del name

        def count_rest() -> int | None:
            known = self._count()
            return 0 if count < 0 else None if known is None else max(known - count, 0)

        return self._change(
            lambda: iter(()) if count < 0 else itertools.islice(iter(self), count, None), count_rest
        )

    def batch(
        self, batch_size: int, drop_remainder: bool = False, *_of_threads: Any, **_how: Any
    ) -> ChangedDataset:
        """Return batches of elements.

        Args:
            batch_size: Elements of a batch.
            drop_remainder: Whether to drop a smaller last batch.
        """
        size = require_integer("batch", "batch_size", batch_size, "an integer >= 1", at_least=1)

        def make() -> Iterator[Any]:
            elements = iter(self)
            while part := list(itertools.islice(elements, size)):
                if len(part) == size or not drop_remainder:
                    yield _stack(part)

        def count_batches() -> int | None:
            known = self._count()
            return (
                None if known is None else (known if drop_remainder else known + size - 1) // size
            )

        return self._change(make, count_batches)

    def unbatch(self, name: str | None = None) -> ChangedDataset:
        """Return the samples of the batches."""
        del name
        return self._change(lambda: (one for batch in self for one in _split(batch)))

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool = True,
        name: str | None = None,
    ) -> ChangedDataset:
        """Shuffle the elements, each drawn from the next ``buffer_size``.

        Args:
            buffer_size: The size of the buffer to draw from.
            seed: The seed of the order; ``None`` draws it.
            reshuffle_each_iteration: Whether to reshuffle for each pass.
            name: Ignored, as in all of these methods.
        """
        del name
        require_integer("shuffle", "buffer_size", buffer_size, "an integer >= 1", at_least=1)
        generator = torch.Generator()
        first = int(torch.randint(2**31, ())) if seed is None else seed
        generator.manual_seed(first)

        def make() -> Iterator[Any]:
            if not reshuffle_each_iteration:
                generator.manual_seed(first)
            elements = iter(self)
            waiting = list(itertools.islice(elements, buffer_size))
            while waiting:
                place = int(torch.randint(len(waiting), (), generator=generator))
                waiting[place], waiting[-1] = waiting[-1], waiting[place]
                yield waiting.pop()
                waiting.extend(itertools.islice(elements, 1))

        return self._change(make, self._count)

    def repeat(self, count: int | None = None, name: str | None = None) -> ChangedDataset:
        """Repeat the elements; endlessly for ``None`` and −1."""
        del name
        is_endless = count is None or count < 0

        def count_all() -> int | None:
            known = self._count()
            return None if is_endless or known is None else known * (count or 0)

        def make() -> Iterator[Any]:
            again: Iterable[Any] = itertools.count() if is_endless else range(count or 0)
            return (one for _ in again for one in self)

        return self._change(make, count_all)

    def cache(self, filename: str = "", name: str | None = None) -> ChangedDataset:
        """Cache the elements in memory after the first whole pass."""
        del filename, name
        kept: list[list[Any]] = []

        def make() -> Iterator[Any]:
            if kept:
                yield from kept[0]
                return
            found = []
            for one in self:
                found.append(one)
                yield one
            kept[:] = [found]

        return self._change(make, self._count)

    def prefetch(self, buffer_size: int | None = None, name: str | None = None) -> ChangedDataset:
        """Return the same elements: ``fit`` prefetches itself."""
        del buffer_size, name
        return self._change(lambda: iter(self), self._count)

    def concatenate(self, dataset: Iterable[Any], name: str | None = None) -> ChangedDataset:
        """Append the elements of another dataset."""
        del name

        def count_both() -> int | None:
            known = self._count()
            is_known = known is not None and isinstance(dataset, Sized)
            return known + len(dataset) if is_known else None  # type: ignore[operator, arg-type]

        return self._change(lambda: itertools.chain(self, dataset), count_both)

    def enumerate(self, start: int = 0, name: str | None = None) -> ChangedDataset:
        """Return pairs of a number and an element."""
        del name
        return self._change(lambda: iter(enumerate(self, start)), self._count)

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Apply a function to the dataset."""
        return transformation_func(self)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator of the elements as NumPy arrays."""
        return (map_leaves(one, Tensor, lambda tensor: tensor.numpy()) for one in self)

    def cardinality(self) -> int:
        """Return the number of elements; −2 if it is unknown."""
        known = self._count()
        return -2 if known is None else known

    def _count(self) -> int | None:
        try:
            return len(self)  # type: ignore[arg-type]
        except TypeError:
            return None

    def _change(
        self, make: Callable[[], Iterator[Any]], count: Callable[[], int | None] = lambda: None
    ) -> ChangedDataset:
        return ChangedDataset(make, count, self)


class ChangedDataset(DataLoader[Any], DatasetSteps):
    """A transformed dataset; ``fit``, ``evaluate`` and ``predict`` accept it.

    Args:
        make: Starts a pass.
        count: Returns the number of elements, or ``None``.
        first: The source dataset, which provides ``class_names`` and ``file_paths``.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[Any]],
        count: Callable[[], int | None],
        first: DatasetSteps,
    ) -> None:
        super().__init__(_Elements(make, count), batch_size=None, collate_fn=_keep)
        self.class_names, self.file_paths = first.class_names, first.file_paths


class _Elements(IterableDataset[Any]):
    """The iterable dataset behind a loader."""

    def __init__(self, make: Callable[[], Iterator[Any]], count: Callable[[], int | None]) -> None:
        self._make, self._find_count = make, count

    def __iter__(self) -> Iterator[Any]:
        return self._make()

    def __len__(self) -> int:
        found = self._find_count()
        if found is None:
            raise TypeError("how many elements the dataset has is known after a pass alone")
        return found


def _keep(element: Any) -> Any:
    return element


def _apply(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


def _least(count: int | None, end: int | None) -> int | None:
    if end is None or count is None:
        return count
    return min(count, end)


def _stack(elements: list[Any]) -> Any:
    first = elements[0]
    if isinstance(first, (tuple, list)):
        return tuple(_stack(list(parts)) for parts in zip(*elements, strict=True))
    if isinstance(first, dict):
        return {name: _stack([one[name] for one in elements]) for name in first}
    if isinstance(first, str):
        return np.array(elements, dtype=object)
    return torch.stack([torch.as_tensor(one) for one in elements])


def _split(batch: Any) -> Iterator[Any]:
    if isinstance(batch, tuple):
        return zip(*map(_split, batch), strict=True)
    if isinstance(batch, dict):
        rows = zip(*map(_split, batch.values()), strict=True)
        return (dict(zip(batch, row, strict=True)) for row in rows)
    return iter(batch)
