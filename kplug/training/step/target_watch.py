"""Checks the targets of later batches for a loss, without synchronizing in any step."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from kplug.errors import DataError
from kplug.losses import Loss
from kplug.training.compile_slots import OutputLoss, add_slot
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.step.forward import pick_output

# Limits of the targets that are kept for one check: batches, and numbers.
_BATCHES, _NUMBERS = 64, 1 << 18


class TargetWatch:
    """Checks the targets of a run's batches for losses with a limited domain.

    A loss checks its first batch itself. This class computes minimum and maximum of later targets for many
    batches at once. On a GPU these are read after the last batch, like the losses.
    """

    def __init__(self, compiled: Compiled) -> None:
        entries = compiled.losses
        self._outputs = [
            _OutputTargets(entry)
            for entry in entries
            if type(entry.loss).check_targets is not Loss.check_targets
        ]

    def over(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Return the batches, each checked after its step; the iterator itself if no loss needs checks.

        Raises:
            DataError: From the iterator: a target is outside its range.
        """
        return self._watch(batches) if self._outputs else batches

    def _watch(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            yield batch
            self.add(batch)
        self.finish()

    def add(self, batch: Batch) -> None:
        """Check a batch, now or later.

        Raises:
            DataError: A target of this or an earlier batch is outside its range.
        """
        for output in self._outputs:
            output.add(pick_output(batch.y, output.entry.index))

    def finish(self) -> None:
        """Check the remaining targets.

        Raises:
            DataError: A target is outside its range.
        """
        for output in self._outputs:
            output.find_extremes()
            output.check()


class _OutputTargets:
    """The targets of one output."""

    def __init__(self, entry: OutputLoss) -> None:
        self.entry = entry
        self._pending: list[Tensor] = []
        self._extremes: list[Tensor] = []
        self._count = 0

    def add(self, targets: Tensor | None) -> None:
        if targets is None or not targets.numel():
            return
        self._pending.append(targets)
        self._count += targets.numel()
        if len(self._pending) == _BATCHES or self._count > _NUMBERS:
            self.find_extremes()
            if targets.device.type == "cpu":
                self.check()

    def find_extremes(self) -> None:
        """Replace the targets by their minimum and maximum."""
        if self._pending:
            together = torch.cat([each.reshape(-1) for each in self._pending])
            self._extremes += together.aminmax()
            self._pending, self._count = [], 0

    def check(self) -> None:
        if not self._extremes:
            return
        try:
            self.entry.loss.check_targets(torch.stack(self._extremes))
        except DataError as error:
            add_slot(error, self.entry.filled.slot)
            raise
        self._extremes = []
