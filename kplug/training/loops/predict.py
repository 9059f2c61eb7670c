"""The loop of ``predict``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend.values import to_numpy
from kplug.callbacks import CallbackList
from kplug.nested import find_leaves, map_leaves
from kplug.training.compilation.step_choice import find_predict_step
from kplug.training.data.batch import Batch, BatchSource
from kplug.training.loops.evaluate import run_batches
from kplug.training.model_protocol import TrainableModel
from kplug.training.reports.progress_bar import ProgressDisplay


def run_prediction(
    model: TrainableModel,
    source: BatchSource,
    steps: int | None = None,
    callbacks: CallbackList | None = None,
    display: ProgressDisplay | None = None,
) -> Any:
    """Return the model's outputs over a source, in evaluation mode: arrays, nested as it does."""
    callbacks = callbacks or CallbackList([])
    display = display or ProgressDisplay(0)
    outputs: list[Any] = []
    model.eval()
    step = find_predict_step(model)
    step.begin()

    def run(batches: Sequence[Batch]) -> None:
        outputs.extend(step.run_all(batches))

    callbacks.call("on_predict_begin", {})
    with display:
        display.start("Predict", steps if steps is not None else source.steps)
        batches = itertools.islice(source.batches(), steps)
        count = 1 if model.compiled is None else model.compiled.steps_per_execution
        done = run_batches("predict", batches, count, callbacks, display, run, dict)
        display.finish(done, {})
    callbacks.call("on_predict_end", {})
    return join_outputs(outputs) if outputs else np.zeros((0,))


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
