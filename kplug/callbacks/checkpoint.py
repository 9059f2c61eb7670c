"""Saving a model while it trains."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.callbacks.base import Logs
from kplug.callbacks.monitoring import MonitoringCallback, say
from kplug.errors import ArgumentValueError


class ModelCheckpoint(MonitoringCallback):
    """Save the model, or its weights, after each epoch or every so many steps.

    Args:
        filepath: Where to save; may hold ``{epoch}`` (counted from 1), ``{batch}`` (with
            ``save_freq`` in steps) and the logs, as in ``"w.{epoch:02d}-{val_loss:.2f}.h5"``.
        monitor: The log that decides what is best.
        verbose: 1 to print each save.
        save_best_only: Save only when the log is better than ever before.
        save_weights_only: Save with ``model.save_weights`` and not with ``model.save``.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or a number of steps >= 1.
        initial_value_threshold: The value to beat from the start, for resumed runs.

    Raises:
        ArgumentValueError: If ``save_freq`` is neither, or the model cannot be saved whole.

    Example:
        >>> ModelCheckpoint("w.{epoch:02d}-{val_loss:.2f}.h5", save_weights_only=True).monitor
        'val_loss'

    Reference:
        ``keras.callbacks.ModelCheckpoint`` of Keras 3.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and not (isinstance(save_freq, int) and save_freq >= 1):
            raise ArgumentValueError(
                self.label, "save_freq", save_freq, "'epoch' or a number of steps >= 1"
            )
        self.filepath, self.verbose, self.save_freq = os.fspath(filepath), verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.best = initial_value_threshold
        self._epoch, self._steps = 0, 0

    @override
    def set_model(self, model: Any) -> None:
        """Check at the start of the run, not after an epoch, that the model can be saved."""
        if not self.save_weights_only and not hasattr(model, "save"):
            raise ArgumentValueError(
                self.label, "save_weights_only", False, "True, because the model has no save()"
            )
        super().set_model(model)

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch for the file name."""
        self._epoch = epoch

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save if enough steps have passed."""
        if self.save_freq == "epoch":
            return
        self._steps += 1
        if self._steps % int(self.save_freq) == 0:
            self._consider(logs, batch=batch + 1)

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save if files are written by epoch."""
        if self.save_freq == "epoch":
            self._consider(logs)

    def _consider(self, logs: Logs | None, **facts: int) -> None:
        if self.save_best_only:
            value = self.find_value(logs)
            if value is None or not self.is_improvement(value, self.best):
                return
            self.best = value
        path = self._path({"epoch": self._epoch + 1, **facts, **(logs or {})})
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: saving to {path}")
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def _path(self, facts: dict[str, Any]) -> str:
        try:
            path = self.filepath.format(**facts)
        except (KeyError, IndexError, ValueError) as error:
            raise ArgumentValueError(
                self.label, "filepath", self.filepath, f"fields among {', '.join(facts)}"
            ) from error
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return path
