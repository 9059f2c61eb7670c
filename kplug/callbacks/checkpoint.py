"""Saves checkpoints of a model during training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.backend.processes import copy_from_main
from kplug.callbacks.base.callback import Logs
from kplug.callbacks.base.monitoring import MonitoringCallback, say
from kplug.callbacks.base.save_frequency import SaveFrequency
from kplug.callbacks.base.writing import make_folder
from kplug.components.arguments import require_flag, require_integer, require_path
from kplug.errors import ArgumentValueError


class ModelCheckpoint(MonitoringCallback):
    """Save the model, or its weights, after each epoch or every so many steps.

    Args:
        filepath: Where to save; may hold ``{epoch}`` (counted from 1), ``{batch}`` (with
            ``save_freq`` in steps) and the logs, as in ``"w.{epoch:02d}-{val_loss:.2f}.h5"``.
        monitor: The log that decides which model is best.
        verbose: 1 to print each save.
        save_best_only: Save only when the log is better than ever before.
        save_weights_only: Save with ``model.save_weights`` instead of ``model.save``.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or a number of steps >= 1.
        initial_value_threshold: The value to beat from the start, for training that goes on in another run;
                ``BackupAndRestore`` keeps it.
        period: Save after every so many epochs, >= 1; only with ``save_freq="epoch"``.

    Raises:
        ArgumentValueError: If a number is outside its range, or the model cannot be saved whole.

    Example:
        >>> ModelCheckpoint("w.{epoch:02d}-{val_loss:.2f}.h5", save_weights_only=True).monitor
        'val_loss'

    Reference:
        ``keras.callbacks.ModelCheckpoint`` of Keras 3, and ``period`` of Keras 2. An epoch without the
        monitored log saves nothing, as in Keras 2; Keras 3 would overwrite the best one.
    """

    _state_names = ("best", "_epochs_since_save")

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
        *,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode)
        self._frequency = SaveFrequency(self.label, save_freq)
        self.period = require_integer(
            self.label, "period", period, "a number of epochs >= 1", at_least=1
        )
        if self.period > 1 and not self._frequency.is_by_epoch:
            raise ArgumentValueError(self.label, "period", period, "1 when save_freq counts steps")
        require_path(self.label, "filepath", filepath)
        self.filepath, self.verbose, self.save_freq = os.fspath(filepath), verbose, save_freq
        self.save_best_only = require_flag(self.label, "save_best_only", save_best_only)
        self.save_weights_only = require_flag(self.label, "save_weights_only", save_weights_only)
        self.best = self.require_level("initial_value_threshold", initial_value_threshold)
        self._epoch, self._epochs_since_save = 0, 0

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
        self._epoch = epoch

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._frequency.is_due_after(batch):
            self._consider(logs, batch=batch + 1)

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self._frequency.is_by_epoch:
            return
        self._epochs_since_save += 1
        if self._epochs_since_save >= self.period:
            self._epochs_since_save = 0
            self._consider(logs)

    def _consider(self, logs: Logs | None, **facts: int) -> None:
        # Within an epoch the processes' logs differ, but all have to take part in a save.
        if self.save_best_only and not copy_from_main(self._is_best(logs)):
            return
        path = self._path({"epoch": self._epoch + 1, **facts, **(logs or {})})
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: saving to {path}")
        make_folder(self.label, Path(path).parent)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def _is_best(self, logs: Logs | None) -> bool:
        value, best = self.find_value(logs), self.best
        if value is None:
            return False
        is_better = self.is_improvement(value, best)
        if is_better:
            self.best = value
        if self.verbose:
            before = "" if best is None else f" from {best:.5f}"
            found = f"improved{before} to {value:.5f}" if is_better else f"did not improve{before}"
            say(f"Epoch {self._epoch + 1}: {self.monitor} {found}")
        return is_better

    def _path(self, facts: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**facts)
        except (KeyError, IndexError, ValueError) as error:
            raise ArgumentValueError(
                self.label, "filepath", self.filepath, f"fields among {', '.join(facts)}"
            ) from error
