"""The loops of ``evaluate`` and ``predict``; validation runs that of ``evaluate``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from kplug.backend.processes import copy_from_main
from kplug.backend.values import to_numpy
from kplug.callbacks import CallbackList
from kplug.graph import leave_training
from kplug.layers.base.layer_warnings import warn_once
from kplug.support.nested import find_leaves, map_leaves
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.distribution.merged_logs import merge_progress
from kplug.training.distribution.world import find_world
from kplug.training.jit.step_choice import find_predict_step, find_test_step
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.logs import call_with_logs, read_logs, reset_metrics
from kplug.training.reports.progress_bar import ProgressDisplay
from kplug.training.reports.running_loss import RunningLoss
from kplug.training.step.standard_steps import StepFunction
from kplug.training.step.target_watch import TargetWatch

_TITLES: Final = {"test": "Evaluate", "predict": "Predict"}


@dataclass(frozen=True)
class InferenceLoop:
    """One pass over batches that changes no weights: calls the callbacks, shows progress.

    The phase is ``"test"`` or ``"predict"``, as in the names of the hooks; the method is for messages.
    """

    phase: str
    method: str
    source: BatchSource
    steps: int | None = None
    callbacks: CallbackList = field(default_factory=lambda: CallbackList([]))
    display: ProgressDisplay = field(default_factory=lambda: ProgressDisplay(0))

    @property
    def known_steps(self) -> int:
        """The number of steps; 0 if unknown."""
        return (self.source.steps if self.steps is None else self.steps) or 0

    def run(
        self,
        step: StepFunction,
        keep: Callable[[Any, Batch], object],
        read: Callable[[], dict[str, Any]],
        steps_per_execution: int,
    ) -> int:
        """Run all steps, keep the result of each, and return their number."""
        self.display.start(_TITLES[self.phase], self.known_steps or None)
        begin_hooks = self.callbacks.hooks(f"on_{self.phase}_batch_begin")
        end_hooks = self.callbacks.hooks(f"on_{self.phase}_batch_end")
        batches, others = (
            itertools.islice(self.source.batches(), self.steps),
            steps_per_execution - 1,
        )
        done = 0
        with torch.no_grad():
            for batch in batches:
                for hook in begin_hooks:
                    hook(done, {})
                if others:
                    together = (batch, *itertools.islice(batches, others))
                    for made, one in zip(step.run_all(together), together, strict=True):
                        keep(made, one)
                    done += len(together)
                else:
                    keep(step(batch), batch)
                    done += 1
                if end_hooks:
                    call_with_logs(end_hooks, done - 1, read)
                if time.perf_counter() >= self.display.next_redraw:
                    self.display.redraw(done, read)
        return done

    def tell_of_end(self, model: TrainableModel, done: int) -> None:
        """Warn once per model if the data ended before the requested steps."""
        if self.steps is not None and 0 < done < self.steps:
            text = f"{self.method}: the data ended after {done} of {self.steps} steps"
            warn_once(model, f"{self.method} steps", f"{text}, so the result is that of these.")


def run_evaluation(
    model: TrainableModel, compiled: Compiled, loop: InferenceLoop
) -> dict[str, float]:
    """Return loss and metrics over the batches of a loop, in evaluation mode.

    Returns:
        The loss, weighted by batch sizes, and the metrics in the order of ``compile``; nothing if
        there was no batch.
    """
    leave_training(model)
    reset_metrics(model)
    step = find_test_step(model, compiled)
    record = step.start_record()
    watch = TargetWatch(compiled) if isinstance(record, RunningLoss) else None
    step.begin()
    step.expect(loop.known_steps)

    def read() -> dict[str, float]:
        return read_logs(model, compiled, record)

    def keep(loss: Any, batch: Batch) -> None:
        if loss is not None:
            record.add(loss, batch.effective_size)
        if watch is not None:
            watch.add(batch)

    loop.callbacks.call("on_test_begin", {})
    with closing(loop.display):
        done = loop.run(step, keep, read, compiled.steps_per_execution)
        loop.tell_of_end(model, done)
        if watch is not None:
            watch.finish()
        world = find_world()
        if world is not None:
            merge_progress(record, model.metrics, world)
        logs = copy_from_main(read()) if done else {}
        loop.display.finish(done, logs)
    loop.callbacks.call("on_test_end", logs)
    return logs


def run_prediction(model: TrainableModel, loop: InferenceLoop) -> Any:
    """Return the outputs as arrays, nested as the model nests them; None if there was no batch."""
    outputs: list[Any] = []
    leave_training(model)
    step = find_predict_step(model)
    step.begin()
    step.expect(loop.known_steps)

    def keep(made: Any, _: Batch) -> None:
        outputs.append(made)

    loop.callbacks.call("on_predict_begin", {})
    with closing(loop.display):
        count = 1 if model.compiled is None else model.compiled.steps_per_execution
        done = loop.run(step, keep, dict, count)
        loop.tell_of_end(model, done)
        loop.display.finish(done, {})
    loop.callbacks.call("on_predict_end", {})
    return join_outputs(outputs) if outputs else None


def predict_batch(model: TrainableModel, batch: Batch) -> Any:
    """Return the outputs of one batch as arrays, nested as the model nests them."""
    leave_training(model)
    step = find_predict_step(model)
    step.begin()
    step.expect(1)
    with torch.no_grad():
        return join_outputs([step(batch)])


def join_outputs(outputs: Sequence[Any]) -> Any:
    """Return the outputs of several batches as arrays, nested as those of the first.

    Example:
        >>> join_outputs([{"a": torch.zeros(2)}, {"a": torch.ones(1)}])
        {'a': array([0., 0., 1.], dtype=float32)}
    """
    if isinstance(outputs[0], Tensor):
        return to_numpy(torch.cat(list(outputs)))
    columns = zip(*(find_leaves(each, Tensor) for each in outputs), strict=True)
    arrays = (to_numpy(torch.cat(column)) for column in columns)
    return map_leaves(outputs[0], Tensor, lambda _: next(arrays))
