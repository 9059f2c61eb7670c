"""The `PyDataset` base class: a user's dataset that computes batches by index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from kplug.components.arguments import require_flag, require_integer
from kplug.errors import ArgumentValueError, DataError
from kplug.registry.quoting import quote


class PyDataset:
    """Batches by index; a subclass computes them.

    A subclass defines ``__getitem__(index)``, which returns a batch: ``x``, ``(x, y)`` or
    ``(x, y, sample_weight)``; and ``__len__()``, the number of batches. An infinite dataset defines the
    property ``num_batches`` as ``None`` instead. ``fit``, ``evaluate`` and ``predict`` take datasets.

    Args:
        workers: How many batches are computed in parallel, >= 0. With 0 or 1 they are computed one by one,
            between the steps.
        use_multiprocessing: Whether workers are processes with a copy of the dataset instead of threads.
            A process has its own random generators, seeded from torch's global one. Threads share
            Python's and NumPy's generators, so a batch's random numbers depend on timing.
        max_queue_size: How many batches are computed ahead, >= 1.

    Raises:
        ArgumentValueError: A number is out of its range.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return [index], [index**2]
        >>> list(Squares(workers=2))
        [([0], [0]), ([1], [1])]

    Reference:
        ``keras.utils.PyDataset``, in Keras 2 ``keras.utils.Sequence``. ``fit(shuffle=True)`` draws the
        order of the batches from torch's generator, Keras from Python's. An error of ``__getitem__`` is
        the cause of a ``DataError`` that names the batch.
    """

    # Defaults for subclasses that do not call this constructor.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        count = require_integer(self, "workers", workers, "an integer >= 0", at_least=0)
        size = require_integer(
            self, "max_queue_size", max_queue_size, "an integer >= 1", at_least=1
        )
        self.use_multiprocessing = require_flag(self, "use_multiprocessing", use_multiprocessing)
        self.workers, self.max_queue_size = count, size

    def __getitem__(self, index: int) -> Any:
        """Return a batch."""
        raise NotImplementedError(f"{type(self).__name__} has no method __getitem__(index)")

    @property
    def num_batches(self) -> int | None:
        """The number of batches; ``None`` if infinite."""
        if not hasattr(self, "__len__"):
            raise NotImplementedError(
                f"{type(self).__name__} has neither __len__ nor the property num_batches"
            )
        # Not len(), whose error for a non-integer does not name the class.
        return as_length(self, type(self).__len__(self), "batches")

    def __iter__(self) -> Iterator[Any]:
        """Return the batches in their order, one by one."""
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    def on_epoch_begin(self) -> None:
        """Run before each pass over the batches."""

    def on_epoch_end(self) -> None:
        """Run after each pass, for instance to shuffle."""


def as_length(dataset: object, length: object, items: str) -> int:
    """Return the value of a user's ``__len__`` or ``num_batches``, checked.

    Raises:
        DataError: It is no integer >= 0.
    """
    try:
        return require_integer(dataset, "__len__", length, "an integer", at_least=0)
    except ArgumentValueError:
        raise DataError(
            f"the length of {type(dataset).__name__} is {quote(length)}; it is the number of {items}, an "
            "integer >= 0",
            hint="Let __len__ round up: math.ceil(samples / batch_size).",
        ) from None


Sequence = PyDataset
"""Keras 2's name of `PyDataset`."""
