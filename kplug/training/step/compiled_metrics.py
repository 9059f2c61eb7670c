"""The metrics of ``compile`` as one metric, for custom training steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from kplug.metrics import Metric
from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.data.matching import arrange_targets, arrange_weights
from kplug.training.model_protocol import TrainableModel
from kplug.training.regularization import Penalties
from kplug.training.step.forward import Forward, split_outputs


class CompiledMetrics(Metric):
    """The metrics of ``compile`` as one, whose result is a dict.

    Args:
        model: The model.
        compiled: The model's compiled side.

    Reference:
        What ``keras.Model.metrics`` holds under the name ``compile_metrics``.
    """

    def __init__(self, model: TrainableModel, compiled: Compiled) -> None:
        super().__init__("compile_metrics")
        self._model, self._compiled = model, compiled

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Update every metric with a batch, nested like the outputs of the model."""
        model, compiled = self._model, self._compiled
        batch = arrange_batch(model, None, y_true, sample_weight)
        predictions = split_outputs(model, y_pred, compiled.output_names)
        with torch.no_grad():
            Forward(model, compiled, Penalties()).update_metrics(batch, predictions)

    def result(self) -> Any:
        """Return the result of each metric by its name."""
        return {entry.name: entry.metric.result() for entry in self._compiled.metrics}

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the states."""
        return {"inner": [entry.metric.snapshot() for entry in self._compiled.metrics]}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        for entry, inner in zip(self._compiled.metrics, snapshot["inner"], strict=True):
            entry.metric.restore(inner)

    def reset_state(self) -> None:
        """Reset all metrics."""
        for entry in self._compiled.metrics:
            entry.metric.reset_state()


def arrange_batch(model: TrainableModel, x: Any, y: Any, sample_weight: Any) -> Batch:
    """Return a batch whose targets and weights are in the order of the model's outputs."""
    return Batch(
        x,
        arrange_targets(model, list(y) if isinstance(y, tuple) else y, "compute_loss"),
        arrange_weights(model, sample_weight, "compute_loss"),
    )
