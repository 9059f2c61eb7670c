"""Each process's share of every batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kplug.backend.processes import copy_from_main
from kplug.errors import DataError
from kplug.training.batches import Batch, Source
from kplug.training.data import map_arrays
from kplug.training.distribution.world import World


def share_source(source: Source, world: World | None) -> Source:
    """Return a source of this process's shares of the batches; the source itself if it is alone."""
    return source if world is None else SharedSource(source, world)


class SharedSource:
    """This process's part of each batch of a source that gives all processes the same batches.

    The batch size is that of all processes together, so a run gives the same numbers whatever their
    number. The order of the data is drawn by the main process's generator for all; other random numbers,
    such as dropout's, differ between processes.

    Args:
        source: The batches; every process has the same source.
        world: The processes.
    """

    def __init__(self, source: Source, world: World) -> None:
        self.source, self.world = source, world

    @property
    def steps(self) -> int | None:
        """Batches in an epoch."""
        return self.source.steps

    def batches(self) -> Iterator[Batch]:
        """Return this process's parts of the batches of one epoch.

        Raises:
            DataError: If there are more processes than samples in the first batch.
        """
        order = copy_from_main(torch.get_rng_state())
        batches = self.source.batches()
        is_first = True
        while True:
            # The order is drawn from the main process's numbers, also where it is drawn bit by bit.
            own = torch.get_rng_state()
            torch.set_rng_state(order)
            batch = next(batches, None)
            order = torch.get_rng_state()
            if is_first:
                self._start_own_numbers()
            else:
                torch.set_rng_state(own)
            if batch is None:
                return
            if is_first and batch.size < self.world.size:
                raise DataError(
                    f"a batch of {batch.size} cannot be shared by {self.world.size} processes",
                    hint="batch_size counts the samples of all processes together; raise it, or start "
                    "fewer processes.",
                )
            is_first = False
            yield share_batch(batch, self.world)

    def _start_own_numbers(self) -> None:
        """Go on with random numbers that no other process has; the main one's are not touched."""
        if self.world.rank:
            seed = int(torch.randint(1 << 62, ()).item())
            torch.manual_seed(seed + self.world.rank)


def share_batch(batch: Batch, world: World) -> Batch:
    """Return the part of a batch that belongs to this process.

    Its losses are means over the part, or sums. ``Batch.factor_for`` says what makes the mean of all
    processes' losses that of the whole batch. A process for which nothing is left takes one sample with the
    factor 0, since every process has to take part in the update.

    Args:
        batch: The whole batch.
        world: The processes.
    """
    count, size, rank = batch.size, world.size, world.rank
    start, stop = _bounds(count, size, rank)
    share = (stop - start) * size / count
    if start == stop:
        start, stop = 0, 1

    def take(array: Tensor) -> Tensor:
        return array[start:stop] if len(array) == count else array

    x, y, weights = map_arrays((batch.x, batch.y, batch.weights), take)
    return Batch(x, y, weights, share, count / size, size)


def _bounds(count: int, size: int, rank: int) -> tuple[int, int]:
    """Return where the part of a process begins and ends; the first parts are the larger ones."""
    each, left = divmod(count, size)
    start = rank * each + min(rank, left)
    return start, start + each + (rank < left)
