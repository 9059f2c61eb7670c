"""The loop of ``evaluate``, which is that of a validation too."""

from __future__ import annotations

from collections.abc import Sequence

from kplug.backend.processes import copy_from_main
from kplug.training.compilation.step_choice import find_test_step
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.distribution.merged_logs import merge_progress
from kplug.training.distribution.world import find_world
from kplug.training.loops.inference import InferenceLoop
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.logs import read_logs, reset_metrics
from kplug.training.reports.running_loss import RunningLoss


def run_evaluation(
    model: TrainableModel, compiled: Compiled, loop: InferenceLoop
) -> dict[str, float]:
    """Return loss and metrics over the batches of a loop, in evaluation mode.

    Returns:
        The loss, weighted by batch sizes, and the metrics in the order of ``compile``; nothing if
        there was no batch.
    """
    record = RunningLoss()
    model.eval()
    reset_metrics(compiled)
    step = find_test_step(model, compiled)
    step.begin()

    def read() -> dict[str, float]:
        return read_logs(compiled, record)

    def run_steps(batches: Sequence[Batch]) -> None:
        for batch, loss in zip(batches, step.run_all(batches), strict=True):
            if loss is not None:
                record.add(loss, batch.weight)

    loop.callbacks.call("on_test_begin", {})
    with loop.display:
        done = loop.run(run_steps, read, compiled.steps_per_execution)
        merge_progress(record, [entry.metric for entry in compiled.metrics], find_world())
        logs = copy_from_main(read()) if done else {}
        loop.display.finish(done, logs)
    loop.callbacks.call("on_test_end", logs)
    return logs
