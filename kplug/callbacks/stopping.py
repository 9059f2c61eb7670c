"""Callbacks that stop training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import override

from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.monitoring import MonitoringCallback, say
from kplug.components.arguments import require_flag, require_integer
from kplug.errors import NonFiniteLossError
from kplug.registry import named


class EarlyStopping(MonitoringCallback):
    """Stop when a log has not improved for ``patience`` epochs.

    Args:
        monitor: The log to watch.
        min_delta: A change smaller than this is no improvement, >= 0.
        patience: Epochs without improvement after which training stops, >= 0.
        verbose: 1 to print the epoch at which training stopped.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        baseline: If given, only a value better than this resets the patience.
        restore_best_weights: Restore the weights of the best epoch when training ends.
        start_from_epoch: Ignore the epochs before this one, >= 0.

    Raises:
        ArgumentValueError: ``patience`` or ``start_from_epoch`` is no integer, or negative.

    Example:
        >>> EarlyStopping(patience=3).patience
        3

    Reference:
        ``keras.callbacks.EarlyStopping`` of Keras 3: the best weights are restored at the end
        of training also if it ran to its last epoch (Keras 2: only if it stopped early).
    """

    _state_names = ("wait", "stopped_epoch", "best_epoch", "best")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = require_integer(
            self.label, "patience", patience, "a number of epochs >= 0", at_least=0
        )
        self.verbose, self.baseline = verbose, self.require_level("baseline", baseline)
        self.restore_best_weights = require_flag(
            self.label, "restore_best_weights", restore_best_weights
        )
        self.start_from_epoch = require_integer(
            self.label, "start_from_epoch", start_from_epoch, "an epoch >= 0", at_least=0
        )
        self._reset()

    def _reset(self) -> None:
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self.best: float | None = None
        self.best_weights: Any = None

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Reset the state, so that one instance may serve several runs."""
        self._reset()

    @override
    def state_dict(self) -> dict[str, Any]:
        weights = self.best_weights
        # Tensors: a file of state holds no arrays.
        kept = None if weights is None else [torch.from_numpy(each) for each in weights]
        return {**super().state_dict(), "best_weights": kept}

    @override
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        kept = state["best_weights"]
        self.best_weights = None if kept is None else [each.numpy() for each in kept]
        # It ended after the epoch that was to be the last one, before the end of training.
        self.model.stop_training = self.stopped_epoch > 0

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.find_value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Even if no epoch ever counts as an improvement (NaN), there is something to restore.
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.is_improvement(value, self.best):
            self._remember(epoch, value)
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int, value: float) -> None:
        self.best, self.best_epoch = value, epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()
        if self.baseline is None or self.is_improvement(value, self.baseline):
            self.wait = 0

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        """Report, and restore the best weights if requested."""
        if self.stopped_epoch and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


@named("terminate_on_nan")
class TerminateOnNaN(Callback):
    """Stop at the first step whose loss is NaN or infinite.

    The loss is read after every step, so on a GPU every step waits for the device.

    Args:
        raise_error: Raise instead of ending the run normally. ``on_train_end`` is then not called, so
            other callbacks keep their files for an interrupted run.

    Raises:
        NonFiniteLossError: At such a step, if ``raise_error`` is set.

    Example:
        >>> from types import SimpleNamespace
        >>> callback = TerminateOnNaN()
        >>> callback.set_model(SimpleNamespace(stop_training=False))
        >>> callback.on_train_batch_end(7, {"loss": float("nan")})
        Batch 7: the loss is nan; training stops
        >>> callback.model.stop_training
        True

    Reference:
        ``keras.callbacks.TerminateOnNaN``.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = require_flag("TerminateOnNaN", "raise_error", raise_error)

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Check the running loss, which stays non-finite after one bad step."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise NonFiniteLossError(f"batch {batch}: the loss is {loss}")
        say(f"Batch {batch}: the loss is {loss}; training stops")
        self.model.stop_training = True
