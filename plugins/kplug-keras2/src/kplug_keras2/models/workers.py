"""``workers`` of ``fit_generator``: prefetches a ``Sequence`` in threads or processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kplug.utils import PyDataset

OF_QUEUES = ("max_queue_size", "use_multiprocessing", "workers")


@contextmanager
def making_batches(data: Any, options: Mapping[str, Any]) -> Iterator[None]:
    """Start workers for a ``Sequence`` inside a block. A generator always has one thread.

    Args:
        data: The data of ``fit_generator``.
        options: Its arguments.
    """
    given = {name: options[name] for name in OF_QUEUES if options.get(name) is not None}
    if not isinstance(data, PyDataset) or not given:
        yield
        return
    former = {name: getattr(data, name) for name in given}
    vars(data).update(given)
    try:
        yield
    finally:
        vars(data).update(former)
