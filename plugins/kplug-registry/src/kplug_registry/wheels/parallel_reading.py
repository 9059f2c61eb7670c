"""Reads many wheels ahead, in worker processes."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain, islice
from pathlib import Path

from kplug_registry.wheels.declared_components import DeclaredComponent
from kplug_registry.wheels.reading import WheelContents, read_wheel

_FEWEST = 500  # wheels that justify starting a process
_MOST_PROCESSES = 2  # since writing a site takes longer than reading its wheels
_CHUNK = 20  # wheels in a batch for a process
_AHEAD = 3  # chunks for each process, so that memory holds few of them


def read_wheels(
    paths: Iterable[Path], declared: tuple[DeclaredComponent, ...] = ()
) -> Iterator[WheelContents]:
    """Yield the contents of wheels in order, as `read_wheel` returns them.

    Args:
        paths: The files.
        declared: The components that modules of hooks declare.

    Raises:
        WheelError: for the first wheel that cannot be read.
    """
    files = iter(paths)
    first = list(islice(files, _FEWEST))
    processes = min(_count_processors() - 1, _MOST_PROCESSES)
    if len(first) < _FEWEST or processes < 1:
        for path in chain(first, files):
            yield read_wheel(path, declared)
    else:
        yield from _read_ahead(chain(first, files), declared, processes)


def _read_ahead(
    files: Iterator[Path], declared: tuple[DeclaredComponent, ...], processes: int
) -> Iterator[WheelContents]:
    context = multiprocessing.get_context("spawn")  # a fork may inherit held locks
    executor = ProcessPoolExecutor(processes, context)
    waiting: deque[Future[list[WheelContents]]] = deque()
    try:
        while chunk := list(islice(files, _CHUNK)):
            waiting.append(executor.submit(_read_chunk, chunk, declared))
            if len(waiting) > _AHEAD * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _read_chunk(paths: list[Path], declared: tuple[DeclaredComponent, ...]) -> list[WheelContents]:
    return [read_wheel(path, declared) for path in paths]


def _count_processors() -> int:
    """Return the number of processors available to this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
