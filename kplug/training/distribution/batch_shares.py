"""Splits every batch among the processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from kplug.backend.processes import copy_from_main
from kplug.errors import DataError
from kplug.training.data.array_batches import ArraySource
from kplug.training.data.batch import NO_SKIP, Batch, ResumableSource, Skip
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.data.samples import map_arrays
from kplug.training.distribution.agreement import require_agreement
from kplug.training.distribution.common_end import CommonEnd
from kplug.training.distribution.shared_facts import describe_batch
from kplug.training.distribution.world import World, cut_evenly


def share_source(source: ResumableSource, world: World | None) -> ResumableSource:
    """Return a source of this process's shares of the batches; the source itself without other processes."""
    return source if world is None else BatchShares(source, world)


class BatchShares:
    """This process's part of each batch; the source yields the same batches in all processes.

    The batch size is the global one, so results do not depend on the number of processes. The main process's
    generator draws the order of the data for all; other random numbers, such as dropout's, differ between
    processes.
    """

    def __init__(self, source: ResumableSource, world: World) -> None:
        self.source, self.world = source, world
        self._is_compared = False
        self._end: CommonEnd | None = None
        # Lengths were compared already; a source without one may end in a single process.
        if isinstance(source, IterableSource) and (source.steps is None or source.is_given_once):
            self._end = CommonEnd(source, world)

    @property
    def steps(self) -> int | None:
        """Batches in an epoch."""
        return self.source.steps

    @property
    def is_given_once(self) -> bool:
        """Whether all passes together go once through an iterator."""
        return self.source.is_given_once

    @property
    def reads_ahead(self) -> bool:
        """Whether batches are requested before the step that needs them."""
        return self.source.reads_ahead

    @property
    def draws_ahead(self) -> bool:
        """Whether batches are made ahead in this process."""
        return self.source.draws_ahead

    @property
    def holders(self) -> Sequence[object]:
        """The objects whose attributes may be random generators."""
        return self.source.holders

    def batches(self, skip: Skip = NO_SKIP) -> Iterator[Batch]:
        """Return this process's parts of the batches of one epoch, which ends in all processes at once.

        The first ones are left out.

        Raises:
            DataError: If there are more processes than samples in the first batch.
            ProcessMismatchError: If the first batch of an iterable differs between processes.
        """
        # Two states of torch's generator: ``order`` is the same in all processes and draws the order of
        # samples; ``own`` differs, for dropout and the like.
        order = copy_from_main(torch.get_rng_state())
        restored: torch.Tensor | None = None

        def restore() -> None:
            nonlocal restored
            drawn = torch.get_rng_state()
            skip.restore()
            restored = torch.get_rng_state()
            torch.set_rng_state(drawn)

        parts = self._parts(Skip(skip.count, restore) if skip.count else skip)
        is_first = True
        while True:
            # At every batch, as a loader or a generator may draw its order incrementally.
            own = torch.get_rng_state()
            torch.set_rng_state(order)
            part = next(parts, None)
            order = torch.get_rng_state()
            if is_first and restored is not None:
                torch.set_rng_state(restored)
            elif is_first:
                self._start_own_numbers()
            else:
                torch.set_rng_state(own)
            if part is None:
                return
            batch, count = part
            if is_first and count < self.world.size:
                raise DataError(
                    f"a batch of {count} cannot be shared by {self.world.size} processes",
                    hint="batch_size counts the samples of all processes together; raise it, or start "
                    "fewer processes.",
                )
            is_first = False
            yield batch

    def _parts(self, skip: Skip) -> Iterator[tuple[Batch, int]]:
        """Return this process's part of each batch, and how many samples the batch has."""
        if isinstance(self.source, ArraySource):
            for part, count in self.source.parts(lambda count: find_share(count, self.world), skip):
                yield weigh_share(part, count, self.world), count
            return
        batches = (self.source if self._end is None else self._end).batches(skip)
        if isinstance(self.source, IterableSource):
            batches = self._compared(batches, self.source.method)
        for batch in batches:
            yield share_batch(batch, self.world), batch.size

    def _compared(self, batches: Iterator[Batch], method: str) -> Iterator[Batch]:
        """Return the batches; check that the first one of the run is the same in all processes."""
        for batch in batches:
            if not self._is_compared:
                require_agreement(method, describe_batch(batch), self.world)
                self._is_compared = True
            yield batch

    def _start_own_numbers(self) -> None:
        """Seed this process's generator; the main process's continues unchanged."""
        if self.world.rank:
            seed = int(torch.randint(1 << 62, ()).item())
            torch.manual_seed(seed + self.world.rank)


def find_share(count: int, world: World) -> tuple[int, int]:
    """Return where this process's part of a batch begins and ends.

    A process without a share takes one sample, since every process has to take part in the update.
    """
    start, stop = cut_evenly(count, world.size, world.rank)
    return (start, stop) if start < stop else (0, 1)


def weigh_share(part: Batch, count: int, world: World) -> Batch:
    """Return the part of a batch with the weight of its losses.

    Losses are means or sums over the part. ``Batch.factor_for`` scales them, so that their mean over all
    processes is the loss of the whole batch. The weight is 0 for a process without a share, whose sample
    belongs to another one.
    """
    start, stop = cut_evenly(count, world.size, world.rank)
    share = (stop - start) * world.size / count
    return part._replace(share=share, even_share=count / world.size, parts=world.size)


def share_batch(batch: Batch, world: World) -> Batch:
    """Return the part of a batch that belongs to this process."""
    count = batch.size
    start, stop = find_share(count, world)

    def take(array: Tensor) -> Tensor:
        return array[start:stop] if len(array) == count else array

    part = Batch(*map_arrays((batch.x, batch.y, batch.weights), take))
    return weigh_share(part, count, world)
