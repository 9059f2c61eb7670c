"""Worker threads and processes that prepare a dataset's batches ahead of the steps."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import random
import signal
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from multiprocessing.connection import Connection, wait
from multiprocessing.pool import AsyncResult, ThreadPool
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from kplug.errors import WorkerLostError
from kplug.registry.user_warnings import warn
from kplug.training.allocator import ALLOCATOR
from kplug.training.data.py_dataset import PyDataset

#: Seconds after which a late batch is warned about.
PATIENCE_SECONDS = 60.0


class Answer(NamedTuple):
    """A batch, or an error with its traceback in another process."""

    batch: Any = None
    error: BaseException | None = None
    lines: str | None = None


class Workers(Protocol):
    """Computes batches concurrently: the caller requests them first and receives them later."""

    def request(self, index: int) -> None:
        """Let a worker make a batch."""

    def wait(self, index: int, seconds: float) -> bool:
        """Wait so long at most for a batch, and return whether there is an answer."""

    def receive(self, index: int) -> Answer:
        """Return the answer that has come."""

    def close(self) -> None:
        """Let no worker go on."""


def read_ahead(dataset: PyDataset, order: Iterable[int]) -> Iterator[tuple[int, Answer]]:
    """Yield batch numbers in the given order with their batches, which workers compute ahead.

    Raises:
        WorkerLostError: A process ended before it finished its batch.
    """
    make = ProcessWorkers if dataset.use_multiprocessing else ThreadWorkers
    ahead = max(dataset.max_queue_size, dataset.workers)
    indices, requested = iter(order), deque[int]()
    with closing(make(dataset)) as workers:
        while True:
            for index in itertools.islice(indices, ahead - len(requested)):
                workers.request(index)
                requested.append(index)
            if not requested:
                return
            index = requested.popleft()
            _wait_patiently(workers, index, dataset)
            yield index, workers.receive(index)


def _wait_patiently(workers: Workers, index: int, dataset: PyDataset) -> None:
    """Wait for a batch indefinitely, and warn once that it is late."""
    if workers.wait(index, PATIENCE_SECONDS):
        return
    warn(
        f"{name_batch(dataset, index)} has been waited for {PATIENCE_SECONDS:g} seconds; its worker is "
        "blocked or slow. The run goes on when it comes."
    )
    while not workers.wait(index, PATIENCE_SECONDS):
        continue


def name_batch(dataset: object, index: int) -> str:
    """Return a batch's name for messages.

    Example:
        >>> name_batch(PyDataset(), 3)
        'batch 3 of PyDataset'
    """
    return f"batch {index} of {type(dataset).__name__}"


def read_batch(dataset: PyDataset, index: int) -> Answer:
    """Return a batch, or the error that the dataset raises."""
    try:
        return Answer(dataset[index])
    except Exception as error:  # noqa: BLE001 - raised again where the batch is needed
        return Answer(error=error, lines=traceback.format_exc())


class ThreadWorkers:
    """Daemon threads, so that a batch that hangs does not block the exit of Python."""

    def __init__(self, dataset: PyDataset) -> None:
        self._dataset, self._pool = dataset, ThreadPool(dataset.workers)
        self._results: dict[int, AsyncResult[Answer]] = {}

    def request(self, index: int) -> None:
        """Let a thread make a batch."""
        self._results[index] = self._pool.apply_async(_read_in_thread, (self._dataset, index))

    def wait(self, index: int, seconds: float) -> bool:
        """Wait so long at most, and return whether there is an answer."""
        self._results[index].wait(seconds)
        return self._results[index].ready()

    def receive(self, index: int) -> Answer:
        """Return the answer that has come."""
        return self._results.pop(index).get()

    def close(self) -> None:
        """Give the threads nothing more to do."""
        self._pool.terminate()


def _read_in_thread(dataset: PyDataset, index: int) -> Answer:
    try:
        return read_batch(dataset, index)
    except BaseException as error:  # noqa: BLE001 - such as SystemExit: the thread would end without an answer
        return Answer(error=error)


class _Worker(NamedTuple):
    process: multiprocessing.process.BaseProcess
    connection: Connection[Any, Any]


class ProcessWorkers:
    """Processes with a pipe each; they take turns, so a seeded run is reproducible."""

    def __init__(self, dataset: PyDataset) -> None:
        self._dataset, self._context = dataset, multiprocessing.get_context()
        self._makers: dict[int, _Worker] = {}
        # From torch's generator, so that a seeded run is reproducible.
        seed = int(torch.randint(1 << 31, ()))
        self._workers = [self._start(seed + number) for number in range(dataset.workers)]
        self._turns = itertools.cycle(self._workers)

    def _start(self, seed: int) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(self._dataset, there, seed), daemon=True, name="kplug-data"
        )
        process.start()
        there.close()
        return _Worker(process, here)

    def request(self, index: int) -> None:
        """Let the next process make a batch."""
        self._makers[index] = worker = next(self._turns)
        with contextlib.suppress(OSError):  # it has ended; receive reports that
            worker.connection.send(index)

    def wait(self, index: int, seconds: float) -> bool:
        """Wait so long at most, and return whether there is an answer, or will be none."""
        worker = self._makers[index]
        return bool(wait([worker.connection, worker.process.sentinel], seconds))

    def receive(self, index: int) -> Answer:
        """Return the answer that has come.

        Raises:
            WorkerLostError: The process has ended before.
        """
        worker = self._makers.pop(index)
        with contextlib.suppress(OSError, EOFError):
            if worker.connection.poll():
                return Answer(*worker.connection.recv())
        worker.process.join()
        raise WorkerLostError(
            f"{name_batch(self._dataset, index)} is missing: the process that was to make it ended with "
            f"exit status {worker.process.exitcode}",
            hint="A negative status is the signal that ended it; -9 often means that memory ran out. "
            "workers=1 makes the batches in this process, which shows where it happens.",
        )

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            worker.connection.close()


def _serve(dataset: PyDataset, connection: Connection[Any, Any], seed: int) -> None:
    """Compute requested batches until the requesting process has ended."""
    ALLOCATOR.keep()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    torch.set_num_threads(1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    parent = multiprocessing.parent_process()
    ends: list[Any] = [connection] if parent is None else [connection, parent.sentinel]
    while connection in wait(ends):
        index = connection.recv()
        try:
            connection.send(tuple(read_batch(dataset, index)))
        except Exception as error:  # noqa: BLE001 - what cannot be sent: a batch, or an error of its own class
            connection.send(
                (None, RuntimeError(f"it cannot be sent: {error}"), traceback.format_exc())
            )
