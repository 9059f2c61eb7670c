"""Backs up a training run, and resumes it after an interruption."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from kplug.backend.processes import copy_from_main, run_on_main
from kplug.callbacks.averages import SwapEMAWeights
from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.save_frequency import SaveFrequency
from kplug.callbacks.base.writing import make_folder, writing
from kplug.components.arguments import refusal, require_flag, require_path
from kplug.support.atomic import remove_leftovers

_FILE = "training.state"
_OWNER = "BackupAndRestore"


class BackupAndRestore(Callback):
    """Save the state of training as it goes on, and start from it if the run was interrupted.

    The state consists of the weights, the optimizer's state, the random generators and the number of
    completed epochs. When the same script runs again, ``fit`` finds the file, restores the state and
    continues with the next epoch. The results equal those of an uninterrupted run to the bit, if data,
    ``batch_size`` and number of threads are the same. With ``steps_per_epoch``, the resumed run starts
    a new pass over the data.

    Args:
        backup_dir: A folder for this run alone.
        save_freq: ``"epoch"``, or a number of steps >= 1. An interrupted epoch restarts with its
            first batch, from the weights that were saved during it.
        delete_checkpoint: Whether the file is removed when ``fit`` ends normally.

    Raises:
        ArgumentValueError: If ``backup_dir`` is no folder's name, or ``save_freq`` is invalid.

    Example:
        >>> BackupAndRestore("backup", save_freq=1000).save_freq
        1000

    Reference:
        ``keras.callbacks.BackupAndRestore``, which keeps no generators and removes the whole folder.
        Saves are atomic here, so there is no ``double_checkpoint``. As in Keras, the state of other
        callbacks is not restored, and History holds the epochs of this run. It is called after all
        other callbacks, at any position: a run that is killed between them repeats the epoch, so
        none of them misses it. `CSVLogger` then rewrites the row instead of adding a second one.
    """

    is_called_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
    ) -> None:
        allowed = "the name of a folder"
        require_path(_OWNER, "backup_dir", backup_dir, allowed)
        if not os.fspath(backup_dir):
            raise refusal(_OWNER, "backup_dir", backup_dir, allowed)
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.delete_checkpoint = require_flag(_OWNER, "delete_checkpoint", delete_checkpoint)
        self._frequency = SaveFrequency(_OWNER, save_freq)
        self._path = Path(self.backup_dir, _FILE)
        self._epoch = 0
        self._swaps: list[SwapEMAWeights] = []

    @override
    def set_callbacks(self, callbacks: Sequence[Any]) -> None:
        self._swaps = [each for each in callbacks if isinstance(each, SwapEMAWeights)]

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Restore the state of an interrupted run, if there is one."""
        if copy_from_main(self._path.is_file()):
            self.model.first_epoch = self.model.load_state(self._path)

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._frequency.is_due_after(batch):
            self._save(self._epoch)

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._frequency.is_by_epoch:
            self._save(epoch + 1)

    def _save(self, finished_epochs: int) -> None:
        make_folder(_OWNER, self._path.parent)
        with contextlib.ExitStack() as stack:
            for swap in self._swaps:
                stack.enter_context(swap.using_weights())
            self.model.save_state(self._path, epoch=finished_epochs)

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the file: the run is complete."""
        if self.delete_checkpoint:
            run_on_main(self._delete)

    def _delete(self) -> None:
        remove_leftovers(self._path)
        with writing(_OWNER, self._path):
            self._path.unlink(missing_ok=True)
            if self._path.parent.is_dir() and not any(self._path.parent.iterdir()):
                self._path.parent.rmdir()
