"""Means of gradients through memory that all processes of one machine see."""

from __future__ import annotations

import mmap
import os
from typing import Final

import torch
from torch import Tensor, distributed, nn

from kplug.backend.processes import copy_from_main
from kplug.training.distribution.world import World, cut_evenly

# What is exchanged at a time: little memory for models of any size, and most of it in the cache.
_PIECE_BYTES: Final = 1 << 23


class Exchange:
    """Memory with a row for the numbers of each process, and one for their mean.

    gloo sends gradients through sockets, so every number is copied some four times, half of them by the
    kernel; a process that trains has no core to spare for that. Here each process writes its numbers, adds
    up its part of all rows, and reads the mean; in between gloo lets the processes wait for each other,
    and notices if one is lost. Every number is added up by one process, so the mean is the same in all.

    Args:
        memory: The memory, of which every process passes its own view.
        world: The processes.
    """

    def __init__(self, memory: mmap.mmap, world: World) -> None:
        self._rows = torch.frombuffer(memory, dtype=torch.uint8).view(world.size + 1, -1)
        self._world = world
        self._signal = torch.zeros(1)

    def average(self, values: Tensor) -> None:
        """Replace numbers by the mean of what all processes pass.

        Args:
            values: The numbers, contiguous, shape (N,); in all processes as many, of the same type.
        """
        rows = self._rows.view(values.dtype)
        for piece in torch.split(values, rows.shape[1]):
            self._average_piece(piece, rows[:, : len(piece)])

    def _average_piece(self, piece: Tensor, rows: Tensor) -> None:
        rank, size = self._world.rank, self._world.size
        torch.mul(piece, 1 / size, out=rows[rank])
        self._wait()
        start, stop = cut_evenly(len(piece), size, rank)
        own = rows[:, start:stop]
        torch.add(own[0], own[1], out=own[size])  # sum over dim 0 takes three times as long
        for row in own[2:size]:
            own[size].add_(row)
        self._wait()
        piece.copy_(rows[size])

    def _wait(self) -> None:
        """Return when every process is here."""
        distributed.all_reduce(self._signal)


def find_exchange(model: nn.Module, world: World) -> Exchange | None:
    """Return memory for the gradients of a model, or None if the processes cannot share any.

    They can if ``torchrun`` started all of them on one machine with Linux, to train on the CPU.

    Args:
        model: A built model.
        world: The processes.
    """
    if not _may_share(model, world):
        return None
    size = (world.size + 1) * _PIECE_BYTES
    # No file, not even in /dev/shm: it needs no room there, and is gone with the last process.
    own = _make_memory(size) if world.rank == 0 else None
    memory = _map(copy_from_main(f"/proc/{os.getpid()}/fd/{own}"), size)
    has_all = all(world.gather(memory is not None))
    if own is not None:
        os.close(own)
    return Exchange(memory, world) if memory is not None and has_all else None


def _may_share(model: nn.Module, world: World) -> bool:
    is_one_machine = os.environ.get("LOCAL_WORLD_SIZE") == str(world.size)
    is_on_cpu = all(parameter.device.type == "cpu" for parameter in model.parameters())
    is_gloo = distributed.get_backend() == "gloo"
    return is_one_machine and is_on_cpu and is_gloo and hasattr(os, "memfd_create")


def _make_memory(size: int) -> int | None:
    """Return a descriptor of memory that others can map, or None if the system refuses to make any."""
    try:
        made = os.memfd_create("kplug")
        os.ftruncate(made, size)
    except OSError:
        return None
    return made


def _map(path: str, size: int) -> mmap.mmap | None:
    """Return the memory of the main process, or None if the system keeps it from this one."""
    try:
        with open(path, "r+b") as file:  # noqa: PTH123 - a descriptor's name is no path to look at
            return mmap.mmap(file.fileno(), size)
    except OSError:
        return None
