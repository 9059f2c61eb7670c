"""The `PyDataset` base class: a user's dataset that computes batches by index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from kplug.arguments import require_flag, require_integer
from kplug.errors import ArgumentValueError, DataError
from kplug.registry.quoting import quote


class PyDataset:
    """Batches by their numbers; a subclass says how one is made.

    It has ``__getitem__(index)``, which returns a batch: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``; and
    ``__len__()``, the number of batches. One without an end has the property ``num_batches`` instead, and it
    is ``None``. ``fit``, ``evaluate`` and ``predict`` take a dataset as data.

    Args:
        workers: How many batches are made at a time, >= 0. With 0 or 1 they are made one by one, between
            the steps.
        use_multiprocessing: Whether processes make them, which get a copy of the dataset, instead of
            threads. A process draws random numbers of its own, seeded from torch's global generator;
            threads share Python's and NumPy's generators, so what a batch draws depends on the moment.
        max_queue_size: How many batches are made ahead, >= 1.

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

    # For subclasses whose constructor does not call this one's.
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
        """The number of batches; ``None`` if there is no end."""
        if not hasattr(self, "__len__"):
            raise NotImplementedError(
                f"{type(self).__name__} has neither __len__ nor the property num_batches"
            )
        # Not len(), which takes integers alone and does not say whose it was.
        return as_length(self, type(self).__len__(self), "batches")

    def __iter__(self) -> Iterator[Any]:
        """Return the batches in their order, one by one."""
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    def on_epoch_begin(self) -> None:
        """Do what is needed before a pass over the batches."""

    def on_epoch_end(self) -> None:
        """Do what is needed after a pass, such as drawing another order."""


def as_length(dataset: object, length: object, items: str) -> int:
    """Return what a user's ``__len__`` or ``num_batches`` returned.

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
"""The name that Keras 2 has for it."""
