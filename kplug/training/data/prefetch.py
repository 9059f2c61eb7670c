"""Prefetches batches of a generator in a thread."""

from __future__ import annotations

import itertools
import queue
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from kplug.registry.user_warnings import warn

# Capacity of the queue: one batch hides a generator that takes as long as a step, the second one
# evens out varying times.
AHEAD = 2

_WAIT_SECONDS = 0.1

# Seconds after which a warning says that a generator is late.
LATE_SECONDS = 60.0

# Seconds for which the end of a run waits for a generator's current element.
_PATIENCE_SECONDS = 1.0


class Prefetcher(Iterator[Any]):
    """Iterates in a background thread, in order, a few elements ahead.

    The thread starts when the first element is requested. It ends with the iterable, with an error, or with
    ``close``. An error is raised in place of its element, with its traceback and a note that names the
    element. A late element is warned about once.

    Example:
        >>> list(Prefetcher(iter([1, 2, 3]), limit=2))
        [1, 2]
    """

    def __init__(self, iterable: Iterable[Any], limit: int | None = None) -> None:
        self._iterator = itertools.islice(iterable, limit)
        self._channel = _Channel()
        self._thread: threading.Thread | None = None
        self._is_over = False
        self._count = 0
        # A prefetcher that was not closed ends its thread when it is garbage-collected.
        weakref.finalize(self, self._channel.closed.set)

    @property
    def has_begun(self) -> bool:
        """Whether the thread has started."""
        return self._thread is not None

    def __next__(self) -> Any:
        if self._thread is None:
            # No reference to this object, which would keep it alive; a daemon thread, so that a generator
            # that hangs does not block the exit of Python.
            self._thread = threading.Thread(
                target=_fill,
                args=(self._iterator, self._channel),
                name="kplug-prefetch",
                daemon=True,
            )
            self._thread.start()
        if self._is_over:
            raise StopIteration
        element, error = self._get_patiently()
        if error is not None:
            self._is_over = True
            if not isinstance(error, StopIteration) and hasattr(error, "add_note"):  # from 3.11 on
                error.add_note(f"The generator raised it instead of batch {self._count}.")
            raise error
        self._count += 1
        return element

    def _get_patiently(self) -> tuple[Any, BaseException | None]:
        try:
            return self._channel.get(LATE_SECONDS)
        except queue.Empty:
            warn(
                f"batch {self._count} of the generator has been waited for {LATE_SECONDS:g} seconds; the "
                "generator is blocked or slow. The run goes on when it comes."
            )
            return self._channel.get()

    def close(self) -> None:
        """End the thread after its current element."""
        self._channel.closed.set()
        self._is_over = True
        if self._thread is not None:
            self._thread.join(timeout=_PATIENCE_SECONDS)


class _Channel:
    """A short queue of pairs (element, error) that either side can close."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._queue: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(AHEAD)

    def put(self, element: Any, error: BaseException | None = None) -> None:
        while not self.closed.is_set():
            try:
                self._queue.put((element, error), timeout=_WAIT_SECONDS)
            except queue.Full:
                continue
            return

    def get(self, timeout: float | None = None) -> tuple[Any, BaseException | None]:
        return self._queue.get(timeout=timeout)


def _fill(iterator: Iterator[Any], channel: _Channel) -> None:
    """Put one element after another into a channel; the end is a StopIteration."""
    try:
        for element in iterator:
            channel.put(element)
            if channel.closed.is_set():
                return
        end: BaseException = StopIteration()
    except BaseException as error:  # noqa: BLE001 - raised again, in the thread that trains
        end = error
    channel.put(None, end)
