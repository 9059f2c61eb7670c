"""The `Passes` of a run over its training data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kplug.training.data.batch import NO_SKIP, Batch, ResumableSource, Skip
from kplug.training.position import Position, RunGenerators


class Passes:
    """The batches of one epoch after another; knows how many the running pass and epoch have given.

    With a fixed number of steps, an epoch continues in the data where the last one ended.

    Args:
        source: The training data.
        steps: The number of steps of an epoch; None if it ends with the pass.
        generators: Those whose states at the start of a pass are kept; None to keep none.

    Attributes:
        has_failed: Whether the source has raised an error, so that no step has begun.
    """

    def __init__(
        self, source: ResumableSource, steps: int | None, generators: RunGenerators | None = None
    ) -> None:
        self.source, self.generators, self._steps = source, generators, steps
        self._endless = None if steps is None else self._repeat()
        self._start: dict[str, object] = {}
        self._count = self._count_at_pass = self._count_at_epoch = 0
        self._is_to_skip = self._is_epoch_over = self.has_failed = False

    @property
    def batches(self) -> int:
        """The number of batches that the running pass has given, those that were skipped included."""
        return self._count - self._count_at_pass

    @property
    def steps(self) -> int:
        """The number of batches that the running epoch has given, likewise."""
        return self._count - self._count_at_epoch

    @property
    def start(self) -> dict[str, object]:
        """The random generators at the start of the running pass; empty if there is none."""
        return self._start

    def resume(self, position: Position) -> None:
        """Go on from a position: the next batch is the one after it."""
        self._count, self._count_at_epoch = position.batches, position.batches - position.steps
        self._start, self._is_to_skip = position.pass_start, position.batches > 0
        # Its pass has ended, and the next one belongs to the next epoch.
        self._is_epoch_over = position.steps > 0 and not position.batches

    def epoch(self) -> Iterator[Batch]:
        """Return the batches that are left of the epoch."""
        if self._is_epoch_over:
            return iter(())
        if self._endless is not None:
            return itertools.islice(self._endless, (self._steps or 0) - self.steps)
        if self.source.is_given_once and self.source.steps is not None:
            return itertools.islice(self._pass(), self.source.steps - self.steps)
        return self._pass()

    def end_epoch(self) -> None:
        """Begin to count the next epoch."""
        self._count_at_epoch, self._is_epoch_over = self._count, False
        if self._endless is None and not self.source.is_given_once:
            self._end_pass()

    def _pass(self) -> Iterator[Batch]:
        try:
            for batch in self.source.batches(self._begin_pass()):
                self._count += 1
                yield batch
        except Exception:
            self.has_failed = True
            raise
        if not self.source.is_given_once:
            self._end_pass()

    def _begin_pass(self) -> Skip:
        """Note the random generators, or set them for the pass that goes on."""
        generators = self.generators
        if generators is None:
            return NO_SKIP
        if self._is_to_skip:
            self._is_to_skip = False
            now = generators.collect_between_steps()
            generators.apply(self._start)
            return Skip(self.batches, lambda: generators.apply(now))
        if not self._start:
            self._start, self._count_at_pass = generators.collect(), self._count
        return NO_SKIP

    def _end_pass(self) -> None:
        self._start, self._count_at_pass, self._is_to_skip = {}, self._count, False

    def _repeat(self) -> Iterator[Batch]:
        """Return batches without end: one pass after another, unless one is empty."""
        while True:
            before = self.batches * self._is_to_skip
            count = self._count - before
            yield from self._pass()
            if self._count == count:
                return
