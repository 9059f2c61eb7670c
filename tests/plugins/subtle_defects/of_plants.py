"""Defects of layers, callbacks and arguments, by way of the plants."""

from __future__ import annotations

import random
import time
from typing import Any, ClassVar

import torch
from torch import Tensor

from kplug.callbacks import Callback
from kplug.layers import Layer
from tests.plugins.plants import (
    callbacks,
    correct_layers,
    correct_losses,
    correct_metrics,
    correct_optimizers,
    correct_others,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
    schedules,
)
from tests.plugins.subtle_defects.table import Subtle


class Silent(Callback):
    """Stops where a log has not fallen, also where it is missing."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.best = float("inf")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = float((logs or {}).get("val_loss", float("inf")))
        if epoch and value >= self.best:
            self.model.stop_training = True
        self.best = value


class Patient(Silent):
    """Goes on without the log."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if "val_loss" in (logs or {}):
            super().on_epoch_end(epoch, logs)


class Frozen(Callback):
    """Switches the training of all layers but the first off."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        for layer in self.model.layers[1:]:
            layer.eval()


class Timed(Callback):
    """Logs the seconds since the training began."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.begun = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["number"] = self.look()

    def look(self) -> float:
        return time.perf_counter() - self.begun


class Drawing(Timed):
    """Logs a number that it draws."""

    def look(self) -> float:
        return random.random()


class Overwriting(Timed):
    """Logs its number as the loss."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["loss"] = 0.5 * logs["loss"]


class Anomalous(Callback):
    """Looks for NaN, and puts the switch back if ``ends`` is True."""

    ends = False

    def on_train_begin(self, logs: Any = None) -> None:
        self.was = torch.is_anomaly_enabled()
        torch.autograd.set_detect_anomaly(True)

    def on_train_end(self, logs: Any = None) -> None:
        if self.ends:
            torch.autograd.set_detect_anomaly(self.was)


class PutBack(Anomalous):
    ends = True


class Waiting(Callback):
    """Stops when the loss has not fallen for some epochs, and goes on from its state."""

    names: ClassVar[tuple[str, ...]] = ("best", "wait")

    def __init__(self, patience: int = 1) -> None:
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs: Any = None) -> None:
        self.best, self.wait = float("inf"), 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = float((logs or {}).get("loss", self.best))
        self.wait = 0 if value < self.best else self.wait + 1
        self.best = min(self.best, value)
        if self.wait > self.patience:
            self.model.stop_training = True

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.names}

    def load_state_dict(self, state: Any) -> None:
        vars(self).update(state)


class WaitingAnew(Waiting):
    names: ClassVar[tuple[str, ...]] = ("best",)


class Sharing(Layer):
    """Multiplies by the factor of the last one that was made."""

    _factors: ClassVar[list[float]] = [1.0]

    def __init__(self, factor: float = 2.0, **common: Any) -> None:
        super().__init__(**common)
        self.factor = self._factors[0] = factor

    def call(self, inputs: Tensor) -> Tensor:
        return inputs * self._factors[0]


_LAYER, _CALLBACK = correct_layers.KeptMean, correct_others.EpochRate
SUBTLE = [
    Subtle("layer", "memory", layers.SlidingMean, _LAYER, "in another order"),
    Subtle("layer", "half", layers.RootNorm, _LAYER, "for inputs of 300"),
    Subtle("layer", "instances", Sharing, correct_layers.AnyLengthPositions, "beside one"),
    Subtle("layer", "lengths", layers.StepMean, _LAYER, "for the shape"),
    Subtle("layer", "padding", layers.MaskedMax, _LAYER, "and alone"),
    Subtle("layer", "idle", layers.SoftShares, _LAYER, "temperature"),
    Subtle("loss", "idle", losses.OrdinalCost, correct_losses.charbonnier, "power"),
    Subtle("loss", "limits", losses.piecewise_huber, correct_losses.charbonnier, "for 1"),
    Subtle("regularizer", "limits", regularizers.sparsity_gap, correct_others.smooth_l1, "nan"),
    Subtle("loss", "large_logits", losses.sigmoid_crossentropy, correct_losses.logistic, "at 100"),
    Subtle("metric", "instances", metrics.ThresholdList, correct_metrics.Thresholds, "alone"),
    Subtle(
        "optimizer", "instances", optimizers.TunedMomentum, correct_optimizers.Stateless, "alone"
    ),
    Subtle("schedule", "goes_on", schedules.TableRate, correct_others.Cycle, "repeats itself"),
    Subtle("schedule", "goes_on", schedules.CosineRate, correct_others.staircase, "again"),
    Subtle("callback", "batch_modes", Frozen, _CALLBACK, "in evaluation mode"),
    Subtle("callback", "resumed", callbacks.Baseline, _CALLBACK, "improved"),
    Subtle("callback", "resumed", WaitingAnew, Waiting, "^broken off after epoch 4 and resumed"),
    Subtle("callback", "kept_weights", callbacks.KeepBest, correct_others.BestKept, "kept"),
    Subtle("callback", "logs", Overwriting, Timed, "^loss .* before and"),
    Subtle("callback", "modes", Anomalous, PutBack, "^torch.autograd.set_detect_anomaly: False"),
    *(
        Subtle("callback", name, Drawing, Timed, "and")
        for name in ("config", "pickle", "determinism", "second_fit")
    ),
    Subtle("callback", "stops", Silent, Patient, "without a word"),
]
