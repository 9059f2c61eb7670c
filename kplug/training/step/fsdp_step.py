"""The training step of a sharded model."""

from __future__ import annotations

from dataclasses import replace

import torch

from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.distribution.fsdp import Shards, on_whole_weights
from kplug.training.distribution.world import World
from kplug.training.model_protocol import TrainableModel
from kplug.training.step.steps import TrainStep


class ShardedStep(TrainStep):
    """Trains a sharded copy of the model on a batch."""

    def __init__(
        self,
        model: TrainableModel,
        compiled: Compiled,
        optimizer: torch.optim.Optimizer,
        world: World,
    ) -> None:
        self._shards = Shards(model, optimizer, compiled.optimizer, world)
        super().__init__(self._shards.model, compiled, optimizer)
        penalties = self._forward.penalties
        on_parts = on_whole_weights(penalties.weights, keeps_shape=False)
        self._forward = replace(self._forward, penalties=replace(penalties, weights=on_parts))
        self._constraints = list(on_whole_weights(self._constraints, keeps_shape=True))

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Train on a batch."""
        return self.run(batch, self._scale_loss, self._shards.step)

    def publish(self) -> None:
        """Copy the trained weights to the model, and the moments to its optimizer."""
        self._shards.publish()

    def finish(self) -> None:
        """Copy moving averages of the weights to the model, if the optimizer keeps them."""
        self._shards.finish()
