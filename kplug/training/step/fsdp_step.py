"""The training step of a sharded model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from kplug.training.compiled import Compiled
from kplug.training.data.batch import Batch
from kplug.training.distribution.fsdp import Shards, on_whole_weights
from kplug.training.distribution.world import World
from kplug.training.model_protocol import TrainableModel
from kplug.training.regularization import find_penalties
from kplug.training.step.forward import Forward
from kplug.training.step.standard_steps import TrainStep


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
        sharded = self._shards.model
        penalties = find_penalties(sharded)
        on_parts = on_whole_weights(penalties.weights, keeps_shape=False)
        forward = Forward(sharded, compiled, replace(penalties, weights=on_parts))
        constraints = on_whole_weights(sharded.weight_constraints(), keeps_shape=True)
        super().__init__(sharded, forward, self._shards.optimizer, constraints)

    def __call__(self, batch: Batch) -> Any:
        """Train on a batch."""
        return self.run(batch, self._scale_loss, self._shards.step)

    def show_progress(self) -> None:
        """Copy the trained weights to the model, and the moments to its optimizer."""
        self._shards.publish()

    def publish(self) -> None:
        """Copy the trained weights to the model, and the moments to its optimizer."""
        self._shards.publish()

    def finish(self) -> None:
        """Copy moving averages of the weights to the model, if the optimizer keeps them."""
        self._shards.finish()
