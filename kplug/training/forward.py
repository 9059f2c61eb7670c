"""From a batch to the predictions of a model, its loss and its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from kplug.errors import DataError
from kplug.training.batches import Batch
from kplug.training.compiled import Compiled
from kplug.training.penalties import Penalties


@dataclass(frozen=True, slots=True)
class Forward:
    """Model, loss and penalties: from a batch to its predictions and its loss."""

    model: Any
    compiled: Compiled
    penalties: Penalties

    def __call__(self, batch: Batch) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return predictions, the loss on the data, and the loss with its penalties."""
        y_pred = self.model(batch.x)
        loss, weight = self.compiled.loss, self.compiled.loss_weight
        data_loss = None
        if loss is not None:
            if batch.y is None:
                raise DataError(
                    f"a batch has no targets, and the loss {describe_loss(loss)!r} needs them",
                    hint="Each batch must be (x, y) or (x, y, sample_weight).",
                )
            data_loss = loss(batch.y, y_pred, batch.weights)
            if weight != 1.0:
                data_loss = data_loss * weight
        return y_pred, data_loss, self.penalties.add_to(data_loss)

    def update_metrics(self, batch: Batch, y_pred: Tensor) -> None:
        """Let every metric see the predictions of a batch."""
        metrics = self.compiled.metrics
        if not metrics or batch.y is None:
            return
        y_pred = y_pred.detach()
        for entry in metrics:
            weights = batch.weights if entry.is_weighted else None
            entry.metric.update_state(batch.y, y_pred, weights)


def describe_loss(loss: Any) -> str:
    """Return the name that messages use for a loss; None is a model that has penalties alone."""
    return "penalties" if loss is None else str(loss.name)
