"""Ranks of processes started by ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from torch import distributed

from kplug.errors import KplugError

Value = TypeVar("Value")


def count_processes() -> int:
    """Return the number of training processes; 1 without ``torchrun``."""
    if is_group_joined():
        return distributed.get_world_size()
    return int(os.environ["WORLD_SIZE"]) if is_launched() else 1


def find_rank() -> int:
    """Return the rank of this process, from 0."""
    if is_group_joined():
        return distributed.get_rank()
    return int(os.environ["RANK"]) if is_launched() else 0


def is_main_process() -> bool:
    """Return whether this is the process that writes files and shows progress."""
    return find_rank() == 0


def is_launched() -> bool:
    """Return whether ``torchrun`` started this process."""
    return distributed.is_available() and distributed.is_torchelastic_launched()


def is_group_joined() -> bool:
    """Return whether this process has joined a process group."""
    return distributed.is_available() and distributed.is_initialized()


def copy_from_main(value: Value) -> Value:
    """Broadcast the main process's value; return the value itself without other processes.

    All processes must call it. The value must be picklable.
    """
    if not is_group_joined() or distributed.get_world_size() == 1:
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def run_on_main(function: Callable[[], None]) -> None:
    """Call a function in the main process only; the others wait until it returns.

    Raises:
        KplugError: In the other processes, if it fails in the main one, which raises its own error.
    """
    failure: str | None = None
    try:
        if is_main_process():
            function()
    except BaseException as error:
        failure = f"{type(error).__name__}: {error}"
        raise
    finally:
        failure = copy_from_main(failure)
        if failure is not None and not is_main_process():
            raise KplugError(f"the main process failed: {failure}")
