"""Callbacks."""

from __future__ import annotations

import copy
import time
from typing import Any

import torch
from torch import Tensor

from kplug.callbacks import Callback

Logs = dict[str, Any]


def _set_rate(model: Any, rate: float) -> None:
    for group in model.optimizer.param_groups:
        group["lr"] = rate


class EpochDecay(Callback):
    """Multiply the learning rate by a factor after some epochs.

    Args:
        first: Rate of the first epochs, > 0.
        factor: The factor, in (0, 1].
        every: Epochs between two changes, >= 1.
    """

    def __init__(self, first: float = 0.1, factor: float = 0.5, every: int = 1) -> None:
        self.first, self.factor, self.every = first, factor, every

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        _set_rate(self.model, self.first * self.factor ** (self.epoch // self.every))
        self.epoch += 1


class Baseline(Callback):
    """Log how much the loss has improved since the first epoch, as a share.

    Args:
        monitor: The log.
        log: Name of the share.
    """

    def __init__(self, monitor: str = "loss", log: str = "improved") -> None:
        self.monitor, self.log = monitor, log

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.first: float | None = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is None or self.monitor not in logs:
            return
        if epoch == 0:
            self.first = float(logs[self.monitor])
        if self.first is not None:
            logs[self.log] = 1 - float(logs[self.monitor]) / max(self.first, 1e-12)


class WarmSteps(Callback):
    """Raise the learning rate in a straight line during the first steps.

    Args:
        rate: The rate after them, > 0.
        steps: How many steps, >= 1.
    """

    def __init__(self, rate: float = 0.05, steps: int = 6) -> None:
        self.rate, self.steps = rate, steps

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.done = 0

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.done += 1
        _set_rate(self.model, self.rate * min(self.done / self.steps, 1.0))


class Progress(Callback):
    """Note the share of the epochs that are done, and freeze the rate at the end.

    Args:
        last: Share after which the rate is a tenth, from 0 to 1.
        log: Name in the logs.
    """

    def __init__(self, last: float = 0.5, log: str = "progress") -> None:
        self.last, self.log = last, log

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.seen, self.lowered = 0, False

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.seen += 1
        share = self.seen / self.params["epochs"]
        if logs is not None:
            logs[self.log] = share
        if share >= self.last and not self.lowered:
            self.lowered = True
            _set_rate(self.model, self.model.optimizer.param_groups[0]["lr"] / 10)


# Stops


class PatientStop(Callback):
    """Stop when a log has not become smaller for some epochs.

    Args:
        monitor: The log.
        patience: Epochs, >= 0.
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 2) -> None:
        self.monitor, self.patience = monitor, patience

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.wait = float("inf"), 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = float((logs or {}).get(self.monitor, float("inf")))
        if value < self.best:
            self.best, self.wait = value, 0
            return
        self.wait += 1
        if self.wait > self.patience:
            self.model.stop_training = True


class TargetStop(Callback):
    """Stop when a log is below a target.

    Args:
        monitor: The log.
        target: The target.
    """

    def __init__(self, monitor: str = "loss", target: float = 0.0) -> None:
        self.monitor, self.target = monitor, target

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = (logs or {}).get(self.monitor)
        if value is not None:
            self.model.stop_training = float(value) < self.target


class TimeBudget(Callback):
    """Stop after some seconds.

    Args:
        seconds: The budget of a training, > 0.
    """

    def __init__(self, seconds: float = 3600.0) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if time.monotonic() > self.end:
            self.model.stop_training = True


class PlateauStop(Callback):
    """Stop when the gap between validation and training stays large.

    Args:
        gap: The largest gap.
        patience: Epochs, >= 1.
    """

    def __init__(self, gap: float = 0.5, patience: int = 2) -> None:
        self.gap, self.patience = gap, patience

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        gap = float(logs.get("val_loss", float("nan"))) - float(logs.get("loss", float("nan")))
        self.wait = 0 if gap <= self.gap else self.wait + 1
        if self.wait >= self.patience:
            self.model.stop_training = True


# Best weights


class KeepBest(Callback):
    """Put the weights of the best epoch back at the end.

    Args:
        monitor: The log; smaller is better.
    """

    def __init__(self, monitor: str = "loss") -> None:
        self.monitor = monitor

    def _take(self) -> Any:
        return [weight.detach() for weight in self.model.trainable_weights]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.kept = float("inf"), None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = float((logs or {}).get(self.monitor, float("inf")))
        if value < self.best:
            self.best, self.kept = value, self._take()

    @torch.no_grad()
    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.kept is not None:
            for weight, value in zip(self.model.trainable_weights, self.kept, strict=True):
                weight.copy_(value)


class KeepBestCpu(KeepBest):
    """Put the weights of the best epoch back at the end; they are kept on the CPU.

    Args:
        monitor: The log; smaller is better.
    """

    def _take(self) -> list[Tensor]:
        return [weight.detach().cpu() for weight in self.model.trainable_weights]


class KeepBestTable(KeepBest):
    """Put the weights of the best epoch back at the end; they are kept by name.

    Args:
        monitor: The log; smaller is better.
    """

    def _take(self) -> list[Tensor]:
        table = copy.copy(
            {place: weight.data for place, weight in enumerate(self.model.trainable_weights)}
        )
        return list(table.values())


class KeepBestArrays(KeepBest):
    """Put the weights of the best epoch back at the end; they are kept as arrays.

    Args:
        monitor: The log; smaller is better.
    """

    def _take(self) -> list[Any]:
        arrays = [weight.detach().numpy() for weight in self.model.trainable_weights]
        return [torch.from_numpy(array) for array in arrays]


# Modes


class GradientNorm(Callback):
    """Log the norm of the weights without dropout's noise.

    Args:
        log: Name in the logs.
    """

    def __init__(self, log: str = "norm") -> None:
        self.log = log

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        if batch > 0:
            return
        self.model.eval()
        with torch.no_grad():
            self.norm = float(sum(weight.square().sum() for weight in self.model.trainable_weights))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs[self.log] = self.norm


class ProbeLayer(Callback):
    """Look at the first layer in evaluation mode, every some batches.

    Args:
        every: Batches between two looks, >= 1.
    """

    def __init__(self, every: int = 2) -> None:
        self.every = every

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if (batch + 1) % self.every == 0 and self.model.layers:
            layer = self.model.layers[-1]
            was = layer.training
            self.model.eval()
            layer.train(was)


class QuietDropout(Callback):
    """Switch layers to evaluation while the rate is below a limit, for smooth last steps.

    Args:
        limit: The rate.
    """

    def __init__(self, limit: float = 1e-9) -> None:
        self.limit = limit

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        rates = [group["lr"] for group in self.model.optimizer.param_groups]
        for layer in self.model.layers:
            layer.train(min(rates) < self.limit)


class Evaluating(Callback):
    """Note the mean absolute weight before each epoch, as the model is when it predicts.

    Args:
        log: Name in the logs.
    """

    def __init__(self, log: str = "mean_weight") -> None:
        self.log = log

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        if batch == 0:
            was = self.model.training
            self.model.eval()
            self.seen = [
                float(weight.detach().abs().mean()) for weight in self.model.trainable_weights
            ]
            self.model.training = was

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs[self.log] = sum(self.seen) / max(len(self.seen), 1)
