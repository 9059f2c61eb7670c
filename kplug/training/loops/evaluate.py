"""The loops that change no weights: ``evaluate`` and ``predict``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import torch

from kplug.backend.processes import copy_from_main
from kplug.callbacks import CallbackList
from kplug.training.compilation.step_choice import find_test_step
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.distribution.merged_logs import merge_progress
from kplug.training.distribution.world import find_world
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.logs import call_with_logs, read_logs, reset_metrics
from kplug.training.reports.progress_bar import ProgressDisplay
from kplug.training.reports.running_loss import RunningLoss


def run_evaluation(
    model: TrainableModel,
    compiled: Compiled,
    source: BatchSource,
    steps: int | None = None,
    callbacks: CallbackList | None = None,
    display: ProgressDisplay | None = None,
) -> dict[str, float]:
    """Return loss and metrics over a source, in evaluation mode.

    Args:
        model: The built model.
        compiled: What ``compile`` made of it.
        source: The batches.
        steps: How many of them; None for all.
        callbacks: Told about it through their test hooks.
        display: Where progress is shown.

    Returns:
        The loss, weighted by batch sizes, and the metrics in the order of ``compile``; nothing if
        the source gave no batch.
    """
    callbacks = callbacks or CallbackList([])
    display = display or ProgressDisplay(0)
    record = RunningLoss()
    model.eval()
    reset_metrics(compiled)
    step = find_test_step(model, compiled)
    step.begin()

    def read() -> dict[str, float]:
        return read_logs(compiled, record)

    def run(batches: Sequence[Batch]) -> None:
        for batch, loss in zip(batches, step.run_all(batches), strict=True):
            if loss is not None:
                record.add(loss, batch.weight)

    callbacks.call("on_test_begin", {})
    with display:
        display.start("Evaluate", steps if steps is not None else source.steps)
        batches, count = itertools.islice(source.batches(), steps), compiled.steps_per_execution
        done = run_batches("test", batches, count, callbacks, display, run, read)
        merge_progress(record, [entry.metric for entry in compiled.metrics], find_world())
        logs = copy_from_main(read()) if done else {}
        display.finish(done, logs)
    callbacks.call("on_test_end", logs)
    return logs


@torch.no_grad()
def run_batches(
    phase: str,
    batches: Iterator[Batch],
    count: int,
    callbacks: CallbackList,
    display: ProgressDisplay,
    run: Callable[[Sequence[Batch]], None],
    read: Callable[[], dict[str, float]],
) -> int:
    """Run so many batches at a time; return how many there were."""
    begin_hooks = callbacks.hooks(f"on_{phase}_batch_begin")
    end_hooks = callbacks.hooks(f"on_{phase}_batch_end")
    done = 0
    for batch in batches:
        for hook in begin_hooks:
            hook(done, {})
        together = (batch,) if count == 1 else (batch, *itertools.islice(batches, count - 1))
        run(together)
        done += len(together)
        if end_hooks:
            call_with_logs(end_hooks, done - 1, read)
        if time.perf_counter() >= display.next_redraw:
            display.redraw(done, read)
    return done
