"""The process group: ranks, collective operations and lost workers."""

from __future__ import annotations

import atexit
import datetime as dt
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed

from kplug.backend.processes import is_group_joined, is_launched
from kplug.errors import WorkerLostError

# The timeout of collective operations. A killed process is noticed at once, as its connection closes;
# a hanging one is not.
_PATIENCE = dt.timedelta(minutes=15)

# Error texts of torch's backends when another process is lost.
_SIGNS_OF_LOSS = (
    "connection closed",
    "connection reset",
    "broken pipe",
    "socket timeout",
    "timed out",
    "remote process exited",
    "connection refused",
    "wait timeout",
)


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run, and this one's place among them.

    Args:
        rank: The number of this process, from 0.
        size: The number of processes, >= 2.
    """

    rank: int
    size: int

    def gather(self, value: Any) -> list[Any]:
        """Return the objects of all processes, in order of ranks."""
        gathered: list[Any] = [None] * self.size
        distributed.all_gather_object(gathered, value)
        return gathered

    def average(self, value: torch.Tensor) -> torch.Tensor:
        """Return the mean of the processes' values."""
        total = value.clone()
        distributed.all_reduce(total)
        return total / self.size

    def start_minimum(self, number: int) -> Callable[[], int]:
        """Start an all-reduce of a number; return a function that waits for the minimum."""
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        box = torch.tensor(number, device=device)
        work = distributed.all_reduce(box, op=distributed.ReduceOp.MIN, async_op=True)

        def wait() -> int:
            work.wait()
            return int(box)

        return wait


class DelayedAgreement:
    """Tells all processes that one of them has raised a flag, one call later: meanwhile a step runs.

    All processes make the same calls. Without other processes, there is no delay.
    """

    def __init__(self, world: World | None) -> None:
        self.world = world
        self._find_smallest: Callable[[], int] | None = None

    def __call__(self, flag: bool) -> bool:
        """Return whether any process's flag was set in the last call."""
        if self.world is None:
            return flag
        is_set = self.finish()
        self._find_smallest = self.world.start_minimum(int(not flag))
        return is_set

    def finish(self) -> bool:
        """Wait for the last exchange, and return its result."""
        found, self._find_smallest = self._find_smallest, None
        return found is not None and not found()


def cut_evenly(count: int, size: int, rank: int) -> tuple[int, int]:
    """Return the start and stop of a process's part; the first parts are the larger ones.

    Example:
        >>> [cut_evenly(5, 2, rank) for rank in (0, 1)]
        [(0, 3), (3, 5)]
    """
    each, left = divmod(count, size)
    start = rank * each + min(rank, left)
    return start, start + each + (rank < left)


def find_world() -> World | None:
    """Return the processes that train together, or None if this one trains alone.

    A process that ``torchrun`` started joins the group now, over NCCL with GPUs, else gloo, and leaves it
    when Python exits. A process group that the script has initialised is used as it is.
    """
    if not is_group_joined():
        if not is_launched() or int(os.environ["WORLD_SIZE"]) == 1:
            return None
        has_gpus = torch.cuda.is_available()
        if has_gpus:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group("nccl" if has_gpus else "gloo", timeout=_PATIENCE)
        atexit.register(_leave_group)
    size = distributed.get_world_size()
    return World(distributed.get_rank(), size) if size > 1 else None


def _leave_group() -> None:
    """Wait for the group's threads: one that outlives the interpreter aborts the process.

    The threads release tensors shortly after the last exchange, for which they need the interpreter. A
    replica that still exists would wait for them forever, so objects held by an error are freed first.
    """
    if is_group_joined():
        _free_frames_of(getattr(sys, "last_value", None))
        gc.collect()
        distributed.destroy_process_group()


def _free_frames_of(error: BaseException | None) -> None:
    """Free the local variables in the tracebacks of an uncaught error and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:  # `raise error from error` makes a cycle
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


@contextmanager
def reporting_lost_workers(
    world: World | None, *, is_termination_deferred: bool = False
) -> Iterator[None]:
    """Turn the errors of a lost process into one that says what to do.

    torch's backends notice a closed connection, and ``torchrun`` terminates the remaining processes;
    either may come first. A deferred SIGTERM is for others to handle.

    Raises:
        WorkerLostError: Another process ended or no longer answers.
    """
    if world is None:
        yield
        return
    try:
        with nullcontext() if is_termination_deferred else _raising_at_termination(world):
            yield
    except RuntimeError as error:
        if not any(sign in str(error).lower() for sign in _SIGNS_OF_LOSS):
            raise
        raise _describe_loss_of_worker(world) from error


@contextmanager
def _raising_at_termination(world: World) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only there signals are handled
        yield
        return

    def stop(number: int, frame: object) -> None:  # noqa: ARG001 - what a handler is called with
        raise _describe_loss_of_worker(world)

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        # None: the earlier handler was not set from Python.
        signal.signal(signal.SIGTERM, signal.SIG_DFL if earlier is None else earlier)


def _describe_loss_of_worker(world: World) -> WorkerLostError:
    return WorkerLostError(
        f"process {world.rank} of {world.size}: another process of this run has ended or no longer "
        "answers, so training stops",
        hint="Its own output says why. Start the script again with torchrun: with "
        "callbacks=['backup_and_restore(…)'] training goes on after the last backup.",
    )
