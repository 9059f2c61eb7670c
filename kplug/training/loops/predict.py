"""The loop of ``predict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kplug.backend.values import to_numpy
from kplug.nested import find_leaves, map_leaves
from kplug.training.compilation.step_choice import find_predict_step
from kplug.training.data.batch import Batch
from kplug.training.loops.inference import InferenceLoop
from kplug.training.model_protocol import TrainableModel


def run_prediction(model: TrainableModel, loop: InferenceLoop) -> Any:
    """Return the outputs for the batches of a loop as arrays, nested as the model nests them."""
    outputs: list[Any] = []
    model.eval()
    step = find_predict_step(model)
    step.begin()

    def run_steps(batches: Sequence[Batch]) -> None:
        outputs.extend(step.run_all(batches))

    loop.callbacks.call("on_predict_begin", {})
    with loop.display:
        count = 1 if model.compiled is None else model.compiled.steps_per_execution
        done = loop.run(run_steps, dict, count)
        loop.display.finish(done, {})
    loop.callbacks.call("on_predict_end", {})
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
