"""Ends an iterable in all processes at once: they agree on it while a step runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from kplug.errors import DataError
from kplug.registry.problems import describe_error
from kplug.registry.user_warnings import warn
from kplug.training.data.batch import NO_SKIP, Batch, Skip
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.distribution.agreement import name_processes
from kplug.training.distribution.world import World

# The status of a process's next batch; the minimum over all processes applies.
_FAILED, _ENDED, _GIVEN = range(3)


class _Announced(NamedTuple):
    """The next item of an iterable, announced to the other processes."""

    batch: Batch | None
    error: Exception | None
    find_smallest: Callable[[], int]


class CommonEnd:
    """Yields the batches of an iterable as long as all processes have one.

    One batch is read ahead: the processes exchange its status while the previous step runs. A batch that a
    generator yielded ahead belongs to the next pass. No more batches are read than there are steps.

    Args:
        source: The iterable, which may end sooner in one process than in others.
        world: The processes.
    """

    def __init__(self, source: IterableSource, world: World) -> None:
        self.source, self.world = source, world
        self._left = source.limit if source.is_given_once else None
        self._ahead: _Announced | None = None
        self._has_warned = False

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return the batches of one pass, without the first ones; a collective operation.

        Raises:
            Exception: The error of this process's iterable.
            DataError: The iterable of another process raised an error.
        """
        given = self.source.batches(skip)
        if self._left is not None:
            self._left -= skip.count
        found = self._ahead if self.source.is_given_once else None
        found = found or self._announce(given)
        while found is not None and self._is_in_all(found):
            self._ahead = self._announce(given)
            if found.batch is not None:
                yield found.batch
            found = self._ahead
        self._ahead = None

    def _announce(self, given: Iterator[Batch]) -> _Announced | None:
        """Read the next batch and start to announce it; None if no step is left."""
        if self._left is not None:
            if not self._left:
                return None
            self._left -= 1
        batch = error = None
        try:
            batch = next(given, None)
        except Exception as raised:  # noqa: BLE001 - raised where the batch is due
            error = raised
        state = _FAILED if error is not None else _ENDED if batch is None else _GIVEN
        return _Announced(batch, error, self.world.start_minimum(state))

    def _is_in_all(self, found: _Announced) -> bool:
        state = found.find_smallest()
        if state == _FAILED:
            self._raise_everywhere(found.error)
        if state == _ENDED:
            self._warn_of_early_end(found.batch is not None)
        return state == _GIVEN

    def _raise_everywhere(self, error: Exception | None) -> None:
        told = self.world.gather(None if error is None else describe_error(error))
        if error is not None:
            raise error
        rank, text = next((rank, text) for rank, text in enumerate(told) if text is not None)
        raise DataError(
            f"{self.source.method}: the data of process {rank} raised {text}",
            hint="Its own output says where. All processes stop here.",
        )

    def _warn_of_early_end(self, has_batch: bool) -> None:
        """Warn once, in the main process, if the data ended in some processes only."""
        ended = [rank for rank, has in enumerate(self.world.gather(has_batch)) if not has]
        if len(ended) < self.world.size and not self._has_warned:
            self._has_warned = True
            if not self.world.rank:
                warn(
                    f"{self.source.method}: the data of {name_processes(ended)} ended before those of the "
                    "others, so this pass ends in all of them. Let each process give as many batches"
                )
