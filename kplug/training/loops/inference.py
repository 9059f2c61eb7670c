"""What the loops of ``evaluate`` and ``predict`` share."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch

from kplug.callbacks import CallbackList
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.reports.logs import call_with_logs
from kplug.training.reports.progress_bar import ProgressDisplay

_TITLES: Final = {"test": "Evaluate", "predict": "Predict"}


@dataclass(frozen=True)
class InferenceLoop:
    """One pass over batches that changes no weights: calls the callbacks, shows progress.

    Args:
        phase: ``"test"`` or ``"predict"``, as in the names of the hooks.
        source: The batches.
        steps: How many of them; None for all.
        callbacks: Who is told about it.
        display: Where progress is shown.
    """

    phase: str
    source: BatchSource
    steps: int | None = None
    callbacks: CallbackList = field(default_factory=lambda: CallbackList([]))
    display: ProgressDisplay = field(default_factory=lambda: ProgressDisplay(0))

    @torch.no_grad()
    def run(
        self,
        run_steps: Callable[[Sequence[Batch]], object],
        read_logs: Callable[[], dict[str, Any]],
        steps_per_execution: int,
    ) -> int:
        """Run all steps and return how many there were."""
        self.display.start(
            _TITLES[self.phase], self.source.steps if self.steps is None else self.steps
        )
        begin_hooks = self.callbacks.hooks(f"on_{self.phase}_batch_begin")
        end_hooks = self.callbacks.hooks(f"on_{self.phase}_batch_end")
        batches, others = (
            itertools.islice(self.source.batches(), self.steps),
            steps_per_execution - 1,
        )
        done = 0
        for batch in batches:
            for hook in begin_hooks:
                hook(done, {})
            together = (batch, *itertools.islice(batches, others)) if others else (batch,)
            run_steps(together)
            done += len(together)
            if end_hooks:
                call_with_logs(end_hooks, done - 1, read_logs)
            if time.perf_counter() >= self.display.next_redraw:
                self.display.redraw(done, read_logs)
        return done
