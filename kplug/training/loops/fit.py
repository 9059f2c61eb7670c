"""The loop that trains."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from kplug.backend.processes import copy_from_main
from kplug.callbacks import CallbackList, History, TerminateOnNaN
from kplug.errors import DataError, NonFiniteLossWarning
from kplug.registry.user_warnings import warn
from kplug.training.compilation.step_choice import find_train_step
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.distribution.merged_logs import agree, merge_progress
from kplug.training.distribution.world import find_world
from kplug.training.loops.evaluate import run_evaluation
from kplug.training.reports.logs import call_with_logs, read_logs, reset_metrics
from kplug.training.reports.progress_bar import ProgressDisplay
from kplug.training.reports.running_loss import RunningLoss
from kplug.training.step.forward import describe_loss
from kplug.training.step.steps import StepFunction

_NOT_FINITE = (
    "Try a smaller learning rate, clipnorm=1.0 in the optimizer, inputs scaled to about 1, and look "
    "for NaN in the data"
)
_GOES_ON = "Training goes on as in Keras, but weights that became NaN stay so. "
_HOW_TO_STOP = "; callbacks=['terminate_on_nan'] stops at the first such step."

_ONCE = (
    "A generator can be gone through once: pass a DataLoader, a Dataset or arrays, or let it give "
    "enough batches for all epochs."
)


@dataclass(frozen=True)
class FitRun:
    """One call of ``fit``: what trains on what, for how long, and who watches.

    Args:
        model: The built model; only its modes, its name, ``stop_training`` and ``first_epoch``
            are used.
        compiled: What ``compile`` made of it.
        optimizer: The optimizer with its parameters, or None if nothing is trainable.
        source: The training batches.
        epochs: Number of the last epoch.
        initial_epoch: Number of epochs that an earlier run has done.
        steps: Steps per epoch; None for a whole pass over the source.
        callbacks: Who watches; the last one is the History.
        display: The progress display.
        validation: The validation batches, or None.
        validation_steps: Steps per validation; None for a whole pass.
        validation_epochs: Tells whether an epoch, counted from 1, ends with a validation.
    """

    model: Any
    compiled: Compiled
    optimizer: torch.optim.Optimizer | None
    source: BatchSource
    epochs: int
    initial_epoch: int
    steps: int | None
    callbacks: CallbackList
    display: ProgressDisplay
    validation: BatchSource | None = None
    validation_steps: int | None = None
    validation_epochs: Callable[[int], bool] = lambda epoch: True  # noqa: ARG005


def run_epochs(run: FitRun) -> History:
    """Train, and return the record of all epochs."""
    endless = _repeat(run.source) if run.steps is not None else None
    run.model.stop_training, run.model.first_epoch = False, None
    logs: dict[str, Any] = {}
    run.callbacks.call("on_train_begin", {})
    if run.model.first_epoch is not None:  # a callback has taken up an interrupted run
        run = replace(run, initial_epoch=run.model.first_epoch)
    if run.model.when_fit_starts is not None:  # generators of a file that was loaded
        run.model.when_fit_starts()
        run.model.when_fit_starts = None
    # After the callbacks: weights in parts are copies, and an interrupted run is taken up by now.
    step = find_train_step(run.model, run.compiled, run.optimizer)
    reporter = _NonFiniteReporter()
    try:
        with run.display:
            for epoch in range(run.initial_epoch, run.epochs):
                found = _run_epoch(run, step, epoch, endless, reporter)
                logs = logs if found is None else found
                if agree(run.model.stop_training, find_world()):
                    break
    finally:
        run.model.eval()  # as at the start: called by itself, a model computes what it predicts
    step.finish()
    run.callbacks.call("on_train_end", logs)
    history = run.callbacks.callbacks[-1]
    return history if isinstance(history, History) else History()


def _run_epoch(
    run: FitRun,
    step: StepFunction,
    epoch: int,
    endless: Iterator[Batch] | None,
    reporter: _NonFiniteReporter,
) -> dict[str, Any] | None:
    """Return the logs of one epoch, or None if the data had ended before it."""
    title = f"Epoch {epoch + 1}/{run.epochs}"
    run.callbacks.call("on_epoch_begin", epoch, {})
    run.display.start(title, run.steps if run.steps is not None else run.source.steps)
    batches = run.source.batches() if endless is None else itertools.islice(endless, run.steps)
    record = RunningLoss()
    done = _train_on_batches(run, step, batches, record)
    _check_for_end(run, epoch, done)
    if not done:
        return None
    metrics = [entry.metric for entry in run.compiled.metrics]
    merge_progress(record, metrics, find_world())
    step.publish()
    # Sums differ in their last digits with the order of adding, and all processes must decide alike.
    logs = copy_from_main(dict(sorted(read_logs(run.compiled, record).items())))
    reporter.report(record, epoch, run)
    if run.validation is not None and run.validation_epochs(epoch + 1):
        logs |= _validate(run, run.validation, epoch)
    logs = dict(sorted(logs.items()))
    run.callbacks.call("on_epoch_end", epoch, logs)
    run.display.finish(done, logs)
    return logs


def _check_for_end(run: FitRun, epoch: int, done: int) -> None:
    """Stop training where an iterable gave less than an epoch needs.

    Raises:
        DataError: If it gave nothing at all.
    """
    if run.model.stop_training or done >= (run.steps or 1):
        return
    if not done and epoch == run.initial_epoch:
        raise describe_no_batch("fit")
    steps = f"{done} steps" if run.steps is None else f"{done} of {run.steps} steps"
    warn(
        f"fit: the data ended in epoch {epoch + 1}, after {steps}, so training stops here. {_ONCE}"
    )
    run.model.stop_training = True


def describe_no_batch(method: str) -> DataError:
    """Return the error for an iterable that is empty, or that was gone through before."""
    return DataError(f"{method}: the iterable gave no batch", hint=_ONCE)


def _validate(run: FitRun, source: BatchSource, epoch: int) -> dict[str, float]:
    found = run_evaluation(run.model, run.compiled, source, run.validation_steps, run.callbacks)
    if not found:
        warn(f"fit: validation_data gave no batch in epoch {epoch + 1}. {_ONCE}")
    return {f"val_{name}": value for name, value in found.items()}


def _train_on_batches(
    run: FitRun, step: StepFunction, batches: Iterator[Batch], record: RunningLoss
) -> int:
    """Run the steps of one epoch; the loop that has to be fast."""
    model, display, clock = run.model, run.display, time.perf_counter
    world, count = find_world(), run.compiled.steps_per_execution
    begin_hooks = run.callbacks.hooks("on_train_batch_begin")
    end_hooks = run.callbacks.hooks("on_train_batch_end")

    def read() -> dict[str, float]:
        return read_logs(run.compiled, record)

    reset_metrics(run.compiled)
    model.train()
    step.begin()
    done = 0
    for batch in batches:
        for hook in begin_hooks:
            hook(done, {})
        if count == 1:
            record.add(step(batch), batch.weight)
        else:
            done += _train_on_several(step, batch, itertools.islice(batches, count - 1), record)
        if end_hooks:
            call_with_logs(end_hooks, done, read)
        done += 1
        if clock() >= display.next_redraw:
            display.redraw(done, read)
        # Several processes stop together, after the epoch: one alone would leave the others waiting.
        if model.stop_training and world is None:
            break
    return done


def _train_on_several(
    step: StepFunction, first: Batch, others: Iterable[Batch], record: RunningLoss
) -> int:
    """Train on some batches in one go; return how many came after the first."""
    together = [first, *others]
    for batch, loss in zip(together, step.run_all(together), strict=True):
        record.add(loss, batch.weight)
    return len(together) - 1


def _repeat(source: BatchSource) -> Iterator[Batch]:
    """Return batches without end: one pass over the source after another."""
    while True:
        is_empty = True
        for batch in source.batches():
            is_empty = False
            yield batch
        if is_empty:
            return


class _NonFiniteReporter:
    """Warns once in a run."""

    def __init__(self) -> None:
        self._is_reported = False

    def report(self, record: RunningLoss, epoch: int, run: FitRun) -> None:
        """Warn if a step of this epoch had a loss that is NaN or infinite."""
        if record.first_bad_step is None or self._is_reported:
            return
        self._is_reported = True
        stops = any(isinstance(one, TerminateOnNaN) for one in run.callbacks.callbacks)
        advice = f"{_NOT_FINITE}." if stops else f"{_GOES_ON}{_NOT_FINITE}{_HOW_TO_STOP}"
        warn(
            f"the loss {describe_loss(run.compiled)!r} was not finite for the first time in epoch "
            f"{epoch + 1}, step {record.first_bad_step + 1}. {advice}",
            NonFiniteLossWarning,
        )


def run_one_step(
    model: Any,
    compiled: Compiled,
    optimizer: torch.optim.Optimizer | None,
    batch: Batch,
    size: int,
) -> dict[str, float]:
    """Make one update and return loss and metrics of this batch alone."""
    reset_metrics(compiled)
    record = RunningLoss()
    model.train()
    step = find_train_step(model, compiled, optimizer)
    step.begin()
    record.add(step(batch), size)
    step.publish()
    model.eval()
    return read_logs(compiled, record)
