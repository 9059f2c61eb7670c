"""A model that is none, and epochs with made-up logs, to drive callbacks with."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kplug.callbacks.base.learning_rates import get_learning_rate

LOSSES = [1.0, 0.8, 0.79, 0.85, 0.6, 0.7, 0.65, 0.61, 0.59999, 0.9, 0.3, 0.4, 0.5, 0.6]


class FakeModel:
    """Weights that change with every epoch, an optimizer, and nothing else."""

    def __init__(self) -> None:
        self.epoch = 0
        self.stop_training = False
        self.saved: list[str] = []
        parameter = torch.nn.Parameter(torch.zeros(1))
        self.optimizer: Any = torch.optim.SGD([parameter], lr=1.0)

    def get_weights(self) -> list[Any]:
        return [np.array(self.epoch)]

    def set_weights(self, weights: list[Any]) -> None:
        self.epoch = int(weights[0])

    def save_weights(self, path: str) -> None:
        self.saved.append(path)


def drive(callback: Any, losses: list[float], model: Any = None) -> tuple[Any, list[float]]:
    """Run epochs with these losses; return the model and the learning rate after each epoch."""
    model = model or FakeModel()
    callback.set_model(model)
    callback.set_params({})
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        model.epoch = epoch
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
        optimizer = model.optimizer
        if isinstance(optimizer, torch.optim.Optimizer):
            rates.append(get_learning_rate(optimizer))
        else:
            rates.append(float(optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end()
    return model, rates
