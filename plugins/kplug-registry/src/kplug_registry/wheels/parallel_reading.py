"""Reads many wheels ahead, in one process, or two if there are many."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, cycle, islice
from pathlib import Path

from kplug_registry.wheels.declared_components import DeclaredComponent
from kplug_registry.wheels.reading import WheelContents
from kplug_registry.wheels.reading_process import WheelReader

_FEWEST = 500  # wheels that justify a second process
_MOST_PROCESSES = 2  # since writing a site takes longer than reading its wheels
_AHEAD = 40  # wheels for each process, of which few are in memory at once


def read_wheels(
    paths: Iterable[Path], declared: Sequence[DeclaredComponent] = ()
) -> Iterator[WheelContents]:
    """Yield the contents of wheels in order, as `WheelReader.read` returns them.

    Args:
        paths: The files.
        declared: The components that modules of hooks declare.

    Raises:
        WheelError: for the first wheel that cannot be read.
    """
    files = iter(paths)
    first = list(islice(files, _FEWEST))
    is_many = len(first) == _FEWEST
    count = max(1, min(_count_processors() - 1, _MOST_PROCESSES)) if is_many else 1
    with ExitStack() as stack:
        readers = [stack.enter_context(WheelReader(declared)) for _ in range(count)]
        waiting: deque[WheelReader] = deque()
        for path, reader in zip(chain(first, files), cycle(readers), strict=False):
            reader.ask(path)
            waiting.append(reader)
            if len(waiting) > _AHEAD * count:
                yield waiting.popleft().take()
        while waiting:
            yield waiting.popleft().take()


def _count_processors() -> int:
    """Return the number of processors available to this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
