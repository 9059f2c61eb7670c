"""The mean losses of an epoch, for custom training steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from kplug.metrics import Mean
from kplug.metrics.base.mean import MeanMetric


class LossTracker(MeanMetric):
    """The mean loss, and those of outputs and terms if there are several, for steps that a class writes."""

    def __init__(self) -> None:
        super().__init__("loss")
        self.outputs: dict[str, Mean] = {}

    def update_state(  # type: ignore[override]  # as Mean's
        self, values: Tensor, sample_weight: float | None = None
    ) -> None:
        """Add the loss of a batch."""
        self.accumulate(values.detach(), sample_weight)

    def note_outputs(self, losses: Mapping[str, Tensor], size: float) -> None:
        """Update the mean losses of outputs and terms with a batch.

        Args:
            losses: Their losses, by their names in logs.
            size: The number of samples.
        """
        for name, loss in losses.items():
            mean = self.outputs.setdefault(name, Mean(name))
            mean.update_state(loss.detach(), sample_weight=size)

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the state."""
        return {**super().snapshot(), "outputs": list(self.outputs)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self.outputs = {name: Mean(name) for name in snapshot["outputs"]}
        super().restore(snapshot)

    def reset_state(self) -> None:
        """Forget all batches."""
        super().reset_state()
        self.outputs = {}
