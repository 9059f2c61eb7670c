"""The training loop."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch

from kplug.backend.processes import copy_from_main
from kplug.callbacks import CallbackList, History, TerminateOnNaN
from kplug.errors import DataError, NonFiniteLossWarning
from kplug.registry.user_warnings import warn
from kplug.training.compiled import Compiled, describe_loss
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.data.validation_data import METHOD as VALIDATION
from kplug.training.distribution.merged_logs import agree, merge_progress
from kplug.training.distribution.world import find_world
from kplug.training.jit.step_choice import find_train_step, releasing_steps
from kplug.training.loops.evaluate_and_predict import InferenceLoop, run_evaluation
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.logs import call_with_logs, read_logs, reset_metrics
from kplug.training.reports.progress_bar import ProgressDisplay
from kplug.training.reports.returned_logs import ReturnedLogs
from kplug.training.reports.running_loss import RunningLoss
from kplug.training.settings import FitSettings
from kplug.training.step.standard_steps import StepFunction
from kplug.training.step.target_watch import TargetWatch

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


@dataclass(eq=False)
class FitLoop:
    """The epochs of one call of ``fit``: runs the steps, calls the callbacks, shows progress.

    The last one of the callbacks is the History.
    """

    model: TrainableModel
    compiled: Compiled
    optimizer: torch.optim.Optimizer | None
    settings: FitSettings
    callbacks: CallbackList
    source: BatchSource
    validation: BatchSource | None = None

    def __post_init__(self) -> None:
        self._display = ProgressDisplay(self.settings.verbose)
        self._first_epoch = self.settings.initial_epoch
        self._steps = self.settings.steps_per_epoch
        # With a fixed number of steps, an epoch continues in the data where the last one ended.
        self._endless = None if self._steps is None else _repeat(self.source)
        self._has_warned = False

    def run(self) -> History:
        """Train, and return the record of all epochs."""
        model = self.model
        model.stop_training, model.first_epoch = False, None
        logs: dict[str, Any] = {}
        self.callbacks.call("on_train_begin", {})
        if model.first_epoch is not None:  # a callback has resumed an interrupted run
            self._first_epoch = model.first_epoch
        if model.when_fit_starts is not None:  # random generators of a loaded file
            model.when_fit_starts(model)
            model.when_fit_starts = None
        # After the callbacks: shards are copies, and an interrupted run is resumed by now.
        step = find_train_step(model, self.compiled, self.optimizer)
        try:
            with closing(self._display), releasing_steps(self.compiled, "train", "test"):
                for epoch in range(self._first_epoch, self.settings.epochs):
                    logs = self._run_epoch(step, epoch) or logs
                    if agree(model.stop_training, find_world()):
                        break
                step.finish()
        finally:
            model.eval()  # the default: a model called directly is in inference mode
        self.callbacks.call("on_train_end", logs)
        history = self.callbacks.callbacks[-1]
        return history if isinstance(history, History) else History()

    def _run_epoch(self, step: StepFunction, epoch: int) -> dict[str, Any] | None:
        """Return the logs of one epoch, or None if the data were exhausted."""
        self.callbacks.call("on_epoch_begin", epoch, {})
        steps = self.source.steps if self._steps is None else self._steps
        if steps is not None:
            step.expect(steps * (self.settings.epochs - epoch))
        self._display.start(f"Epoch {epoch + 1}/{self.settings.epochs}", steps)
        record = step.start_record()
        batches = self._batches_of_epoch()
        if isinstance(record, RunningLoss):  # custom steps do not report losses
            batches = TargetWatch(self.compiled).over(batches)
        done = self._train_on_batches(step, batches, record)
        self._check_for_end(epoch, done)
        if not done:
            return None
        world = find_world()
        if world is not None:
            merge_progress(record, self.model.metrics, world)
        step.publish()
        # Sums differ in their last digits with the order of summation, and all processes must decide alike.
        logs = copy_from_main(dict(sorted(read_logs(self.model, self.compiled, record).items())))
        self._warn_if_not_finite(record, epoch)
        if self.validation is not None and self.settings.validates_after(epoch + 1):
            logs |= self._validate(self.validation, epoch)
        logs = dict(sorted(logs.items()))
        self.callbacks.call("on_epoch_end", epoch, logs)
        self._display.finish(done, logs)
        return logs

    def _batches_of_epoch(self) -> Iterator[Batch]:
        if self._endless is None:
            return self.source.batches()
        return itertools.islice(self._endless, self._steps)

    def _train_on_batches(
        self, step: StepFunction, batches: Iterator[Batch], record: RunningLoss | ReturnedLogs
    ) -> int:
        """Run the steps of one epoch; the hot loop."""
        # Lookups are hoisted out of the loop: a step of a small model takes some hundred microseconds.
        model, display, clock = self.model, self._display, time.perf_counter
        world, count = find_world(), self.compiled.steps_per_execution
        begin_hooks = self.callbacks.hooks("on_train_batch_begin")
        end_hooks = self.callbacks.hooks("on_train_batch_end")

        def read() -> dict[str, float]:
            return read_logs(self.model, self.compiled, record)

        reset_metrics(self.model)
        model.train()
        step.begin()
        done = 0
        for batch in batches:
            for hook in begin_hooks:
                hook(done, {})
            if count == 1:
                record.add(step(batch), batch.effective_size)
            else:
                done += _train_on_several(step, batch, itertools.islice(batches, count - 1), record)
            if end_hooks:
                call_with_logs(end_hooks, done, read)
            done += 1
            if clock() >= display.next_redraw:
                display.redraw(done, read)
            # Several processes stop together, after the epoch: a single one would leave the others waiting.
            if model.stop_training and world is None:
                break
        return done

    def _check_for_end(self, epoch: int, done: int) -> None:
        """Stop training if an iterable ended before the epoch did.

        Raises:
            DataError: If it was empty.
        """
        if self.model.stop_training or done >= (self._steps or 1):
            return
        if not done and epoch == self._first_epoch:
            raise describe_no_batch("fit")
        steps = f"{done} steps" if self._steps is None else f"{done} of {self._steps} steps"
        warn(
            f"fit: the data ended in epoch {epoch + 1}, after {steps}, so training stops here. "
            f"{_ONCE}"
        )
        self.model.stop_training = True

    def _validate(self, source: BatchSource, epoch: int) -> dict[str, float]:
        loop = InferenceLoop(
            "test", VALIDATION, source, self.settings.validation_steps, self.callbacks
        )
        found = run_evaluation(self.model, self.compiled, loop)
        if not found:
            warn(f"fit: validation_data gave no batch in epoch {epoch + 1}. {_ONCE}")
        return {f"val_{name}": value for name, value in found.items()}

    def _warn_if_not_finite(self, record: RunningLoss | ReturnedLogs, epoch: int) -> None:
        """Warn, once in a run, if a step of this epoch had a loss that is NaN or infinite."""
        if record.first_bad_step is None or self._has_warned:
            return
        self._has_warned = True
        stops = any(isinstance(one, TerminateOnNaN) for one in self.callbacks.callbacks)
        advice = f"{_NOT_FINITE}." if stops else f"{_GOES_ON}{_NOT_FINITE}{_HOW_TO_STOP}"
        warn(
            f"the loss {describe_loss(self.compiled)!r} was not finite for the first time in epoch "
            f"{epoch + 1}, step {record.first_bad_step + 1}. {advice}",
            NonFiniteLossWarning,
        )


def describe_no_batch(method: str) -> DataError:
    """Return the error for an iterable that is empty or exhausted."""
    return DataError(f"{method}: the iterable gave no batch", hint=_ONCE)


def _train_on_several(
    step: StepFunction, first: Batch, others: Iterable[Batch], record: RunningLoss | ReturnedLogs
) -> int:
    """Train on several batches at once; return how many followed the first."""
    together = [first, *others]
    for batch, loss in zip(together, step.run_all(together), strict=True):
        record.add(loss, batch.effective_size)
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


def run_one_step(
    model: TrainableModel,
    compiled: Compiled,
    optimizer: torch.optim.Optimizer | None,
    batch: Batch,
) -> dict[str, float]:
    """Make one update; return the loss and metrics of this batch alone."""
    reset_metrics(model)
    model.train()
    step = find_train_step(model, compiled, optimizer)
    record = step.start_record()
    step.begin()
    record.add(step(batch), batch.effective_size)
    step.publish()
    model.eval()
    return read_logs(model, compiled, record)
