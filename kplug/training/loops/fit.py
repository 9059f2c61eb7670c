"""The training loop."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import torch

from kplug.backend.processes import copy_from_main
from kplug.callbacks import BackupAndRestore, CallbackList, History, TerminateOnNaN
from kplug.errors import DataError, NonFiniteLossWarning, WeightsError
from kplug.registry.problems import describe_error
from kplug.registry.user_warnings import warn
from kplug.training.compiled import Compiled, describe_loss
from kplug.training.data.batch import Batch, BatchSource, ResumableSource
from kplug.training.data.iterable_batches import IterableSource
from kplug.training.data.validation_data import METHOD as VALIDATION
from kplug.training.distribution.merged_logs import agree, merge_progress
from kplug.training.distribution.world import DelayedAgreement, find_world
from kplug.training.jit.step_choice import find_train_step, releasing_steps
from kplug.training.loops.evaluate_and_predict import InferenceLoop, run_evaluation
from kplug.training.loops.passes import Passes
from kplug.training.model_protocol import TrainableModel
from kplug.training.position import Position, RunGenerators, collect_layers, restore_layers
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
    source: ResumableSource
    validation: ResumableSource | None = None

    def __post_init__(self) -> None:
        self._display = ProgressDisplay(self.settings.verbose)
        self._first_epoch = self.settings.initial_epoch
        self._steps = self.settings.steps_per_epoch
        self._generators = RunGenerators(self.model, self.source, self.validation)
        self._passes = Passes(self.source, self._steps)
        self._record: RunningLoss | ReturnedLogs = ReturnedLogs()
        self._resumed: Position | None = None
        self._at_end_of_steps: Position | None = None
        self._step: StepFunction | None = None
        self._has_warned = False

    def run(self) -> History:
        """Train, and return the record of all epochs."""
        callbacks = self.callbacks.callbacks
        self._backups = [each for each in callbacks if isinstance(each, BackupAndRestore)]
        agreement = DelayedAgreement(find_world())
        with ExitStack() as stack:
            for backup in self._backups:
                stack.enter_context(backup.guarding(self, agreement))
            try:
                history = self._run()
            except BaseException as error:
                self.callbacks.tell_of_error(error)
                raise
            agreement.finish()
            return history

    def _run(self) -> History:
        model = self.model
        model.stop_training, model.first_epoch = False, None
        logs: dict[str, Any] = {}
        self.callbacks.call("on_train_begin", {})
        if model.first_epoch is not None:  # a callback has resumed an interrupted run
            self._first_epoch = model.first_epoch
        if model.when_fit_starts is not None:  # random generators of a loaded file
            model.when_fit_starts(model)
            model.when_fit_starts = None
        resumed, model.resumed_position = model.resumed_position, None
        if resumed is not None or self._backups:
            self._passes = Passes(self.source, self._steps, self._generators)
        if resumed is not None:
            self._resume(resumed)
        # After the callbacks: shards are copies, and an interrupted run is resumed by now.
        self._step = step = find_train_step(model, self.compiled, self.optimizer)
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

    @property
    def _steps_of_epoch(self) -> int | None:
        return self.source.steps if self._steps is None else self._steps

    def _resume(self, position: Position) -> None:
        """Go on from the position of an interrupted run.

        Raises:
            DataError: An epoch has fewer steps than were done.
        """
        steps = self._steps_of_epoch
        if steps is not None and steps < position.steps:
            raise DataError(
                f"fit: an epoch has {steps} steps here, and the interrupted run that goes on had done "
                f"{position.steps} of one",
                hint="Pass the data, batch_size and steps_per_epoch of the interrupted run, or remove its "
                "backup to start anew.",
            )
        self._generators.apply(position.now)
        restore_layers(self.model, position.layers)
        self.callbacks.restore_states(position.callbacks)
        if self.model.stop_training:  # a callback had ended the run when it was interrupted
            self._first_epoch = self.settings.epochs
        self._passes.resume(position)
        if isinstance(self.validation, IterableSource) and self.validation.is_given_once:
            self.validation.drop(position.validation_batches)
        self._resumed = position if position.steps else None

    @property
    def is_waiting_for_data(self) -> bool:
        """Whether an error has come from the training data, between two steps of an epoch."""
        # Of steps that are executed together, some batches may have come.
        is_between = self._passes.steps > 0 and self.compiled.steps_per_execution == 1
        return self._passes.has_failed and is_between

    def find_position(self) -> Position:
        """Return the position of this process, between two steps or two epochs."""
        if self._at_end_of_steps is not None:
            return self._at_end_of_steps
        passes, validation, validated = self._passes, self.validation, 0
        if isinstance(validation, IterableSource) and validation.is_given_once:
            validated = validation.count
        progress: dict[str, Any] = {}
        if passes.steps:
            if self._step is not None:
                self._step.show_progress()
            progress = {
                "record": self._record.state(),
                "metrics": [(str(each.name), each.snapshot()) for each in self.model.metrics],
            }
        return Position(
            passes.steps,
            passes.batches,
            dict(passes.start),
            self._generators.collect_between_steps(),
            validated,
            layers=collect_layers(self.model),
            callbacks=self.callbacks.collect_states(),
            **progress,
        )

    def _run_epoch(self, step: StepFunction, epoch: int) -> dict[str, Any] | None:
        """Return the logs of one epoch, or None if the data were exhausted."""
        self.callbacks.call("on_epoch_begin", epoch, {})
        steps, resumed = self._steps_of_epoch, self._resumed
        if steps is not None:
            step.expect(steps * (self.settings.epochs - epoch) - self._passes.steps)
        self._display.start(f"Epoch {epoch + 1}/{self.settings.epochs}", steps)
        self._record = record = step.start_record()
        if resumed is not None:
            self._generators.apply(resumed.now)  # what the hooks have drawn, they had drawn before
        batches = self._passes.epoch()
        if isinstance(record, RunningLoss):  # custom steps do not report losses
            batches = TargetWatch(self.compiled).over(batches)
        done = self._train_on_batches(step, batches, record)
        if (
            self._backups
        ):  # from here on, processes merge their sums, and the validation resets metrics
            self._at_end_of_steps = self.find_position()
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
        self._passes.end_epoch()
        self._at_end_of_steps = None
        self.callbacks.call("on_epoch_end", epoch, logs)
        self._display.finish(done, logs)
        return logs

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
        done = self._take_up(record)
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

    def _take_up(self, record: RunningLoss | ReturnedLogs) -> int:
        """Let losses and metrics go on if the epoch was interrupted, and return the number of steps done.

        Raises:
            WeightsError: The file has other states than theirs.
        """
        resumed, self._resumed = self._resumed, None
        if resumed is None:
            return 0
        metrics = self.model.metrics
        try:
            restore_layers(self.model, resumed.layers)  # hooks may have reset them
            record.restore(resumed.record)
            for metric, (_, state) in zip(metrics, resumed.metrics, strict=True):
                metric.restore(state)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            names = ", ".join(str(metric.name) for metric in metrics)
            raise WeightsError(
                "fit: the state of the interrupted run that goes on does not fit the loss and the metrics "
                f"{names}: {describe_error(error)}",
                hint="Compile the model in the same way, or remove the backup to start anew.",
            ) from error
        return resumed.steps

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
