"""The loops that change no weights: ``evaluate`` and ``predict``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kplug.backend.values import to_numpy
from kplug.callbacks import CallbackList
from kplug.training.batches import Batch, Source
from kplug.training.compiled import Compiled
from kplug.training.penalties import find_penalties
from kplug.training.progress import ProgressDisplay
from kplug.training.step import make_test_step, read_logs, reset_metrics
from kplug.training.tracking import RunningLoss, call_with_logs


def evaluate(
    model: Any,
    compiled: Compiled,
    source: Source,
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
    step = make_test_step(model, compiled)

    def read() -> dict[str, float]:
        return read_logs(compiled, record)

    def run_batch(batch: Batch) -> None:
        loss = step(batch)
        if loss is not None:
            record.add(loss, len(batch.x))

    callbacks.call("on_test_begin", {})
    with display:
        display.start("Evaluate", steps if steps is not None else source.steps)
        done = _run_batches("test", source, steps, callbacks, display, run_batch, read)
        logs = read() if done else {}
        display.finish(done, logs)
    callbacks.call("on_test_end", logs)
    return logs


def predict(
    model: Any,
    source: Source,
    steps: int | None = None,
    callbacks: CallbackList | None = None,
    display: ProgressDisplay | None = None,
) -> npt.NDArray[Any]:
    """Return the model's outputs over a source, in evaluation mode, as one array."""
    callbacks = callbacks or CallbackList([])
    display = display or ProgressDisplay(0)
    outputs: list[Tensor] = []
    penalties = find_penalties(model)
    model.eval()

    def run_batch(batch: Batch) -> None:
        outputs.append(model(batch.x))
        penalties.forget()

    callbacks.call("on_predict_begin", {})
    with display:
        display.start("Predict", steps if steps is not None else source.steps)
        done = _run_batches("predict", source, steps, callbacks, display, run_batch, dict)
        display.finish(done, {})
    callbacks.call("on_predict_end", {})
    return to_numpy(torch.cat(outputs)) if outputs else np.zeros((0,))


@torch.no_grad()
def _run_batches(
    phase: str,
    source: Source,
    steps: int | None,
    callbacks: CallbackList,
    display: ProgressDisplay,
    run_batch: Callable[[Batch], None],
    read: Callable[[], dict[str, float]],
) -> int:
    begin_hooks = callbacks.hooks(f"on_{phase}_batch_begin")
    end_hooks = callbacks.hooks(f"on_{phase}_batch_end")
    done = 0
    for batch in itertools.islice(source.batches(), steps):
        for hook in begin_hooks:
            hook(done, {})
        run_batch(batch)
        if end_hooks:
            call_with_logs(end_hooks, done, read)
        done += 1
        if time.perf_counter() >= display.next_redraw:
            display.redraw(done, read)
    return done
