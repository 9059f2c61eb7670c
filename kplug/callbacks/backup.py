"""Backs up a training run, and resumes it after an interruption."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from typing_extensions import override

from kplug.backend.processes import copy_from_main, count_processes, run_on_main
from kplug.callbacks.averages import SwapEMAWeights
from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.deferred_signals import DeferredSignals
from kplug.callbacks.base.monitoring import say
from kplug.callbacks.base.save_frequency import SaveFrequency
from kplug.callbacks.base.writing import make_folder, writing
from kplug.components.arguments import refusal, require_flag, require_path
from kplug.support.atomic import remove_leftovers

_FILE = "training.state"
_OWNER = "BackupAndRestore"


class Run(Protocol):
    """A run of ``fit``, as its backups see it."""

    @property
    def is_waiting_for_data(self) -> bool:
        """Whether an error has come from the training data, between two steps of an epoch."""

    def find_position(self) -> Any:
        """Return what is to be saved besides the model."""


class BackupAndRestore(Callback):
    """Save the state of training as it goes on, and start from it if the run was interrupted.

    The state consists of the weights, the optimizer's state with gradients that it accumulates, the random
    generators (torch's, NumPy's, Python's, those of the model and of the data), the position in the epoch
    and in the data, the sums of losses and metrics so far, what stateful layers keep, and the
    ``state_dict`` of each callback that has one. When the same script runs again, ``fit`` finds the file,
    restores the state and continues with the next step. The results equal those of an uninterrupted run to
    the bit, if data, ``batch_size`` and number of threads are the same, and steps are not compiled.

    SIGTERM and Ctrl-C during ``fit`` wait for the running step: the state is saved, a line says where, and
    then the process ends, or the handler that the program has set is called. A second Ctrl-C does not wait.
    After another error, such as a lack of memory, the file has the last state that was saved; a note in the
    error says which.

    Batches of the interrupted epoch are not read again if they have numbers: arrays, and a ``PyDataset``
    without processes. Generators, ``DataLoader`` and worker processes make them again, without training.
    An iterator, which cannot be started again, is read from its beginning.

    Args:
        backup_dir: A folder for this run alone.
        save_freq: ``"epoch"``, or a number of steps >= 1.
        delete_checkpoint: Whether the file is removed when ``fit`` ends normally.
        sharded: Whether the state is a folder to which each process writes its own part, as by
            ``model.save_state(…, sharded=True)``.

    Raises:
        ArgumentValueError: If ``backup_dir`` is no folder's name, ``save_freq`` is invalid, or what is there
            was saved with another ``sharded``.

    Example:
        >>> BackupAndRestore("backup", save_freq=1000).save_freq
        1000

    Reference:
        ``keras.callbacks.BackupAndRestore``, which keeps no generators and no position in the data, and
        removes the whole folder. Saves are atomic here, so there is no ``double_checkpoint``. In Keras
        `EarlyStopping`, `ReduceLROnPlateau` and `ModelCheckpoint` begin anew; here they go on. As in Keras,
        History holds the epochs of this run. It is called after all other callbacks, at any position: a run
        that is killed between them repeats the epoch, so none of them misses it. `CSVLogger` then rewrites
        the row instead of adding a second one.
    """

    call_rank = 2  # what others do at a step or an epoch is saved with it

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        delete_checkpoint: bool = True,
        *,
        sharded: bool = False,
    ) -> None:
        allowed = "the name of a folder"
        require_path(_OWNER, "backup_dir", backup_dir, allowed)
        if not os.fspath(backup_dir):
            raise refusal(_OWNER, "backup_dir", backup_dir, allowed)
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.delete_checkpoint = require_flag(_OWNER, "delete_checkpoint", delete_checkpoint)
        self.sharded = require_flag(_OWNER, "sharded", sharded)
        self._frequency = SaveFrequency(_OWNER, save_freq)
        self._path = Path(self.backup_dir, _FILE)
        self._epoch = 0
        self._swaps: list[SwapEMAWeights] = []
        self._signals = DeferredSignals()
        self._run: Run | None = None
        self._agree: Callable[[bool], bool] = bool
        self._saved = ""

    @contextlib.contextmanager
    def guarding(self, run: Run, agree: Callable[[bool], bool]) -> Iterator[None]:
        """Save a run at SIGTERM and SIGINT; an error that ends it gets a note that says what is saved.

        Args:
            run: The run.
            agree: Takes whether this process has got a signal, and returns whether any process has.
        """
        self._run, self._agree, self._saved = run, agree, ""
        try:
            with self._signals.deferred():
                yield
        except Exception as error:
            # A scheduler may have ended the workers that make batches, too.
            if self._signals.name and count_processes() == 1 and run.is_waiting_for_data:
                self._save(self._epoch, f"within epoch {self._epoch + 1}", is_last=True)
            if self._saved and hasattr(error, "add_note"):  # from 3.11 on
                error.add_note(
                    f"{_OWNER}: {str(self._path)!r} has the state {self._saved}, from which the same call of "
                    "fit goes on."
                )
            # Of several processes one is lost then, and the error says so.
            if count_processes() == 1:
                self._signals.deliver()
            raise
        finally:
            self._run, self._agree = None, bool
        self._signals.deliver()

    @override
    def set_callbacks(self, callbacks: Sequence[Any]) -> None:
        self._swaps = [each for each in callbacks if isinstance(each, SwapEMAWeights)]

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Restore the state of an interrupted run, if there is one."""
        if copy_from_main(self._path.exists()):
            if self._path.is_dir() != self.sharded:
                allowed = (
                    f"{not self.sharded}, as {str(self._path)!r} was saved, or another backup_dir"
                )
                raise refusal(_OWNER, "sharded", self.sharded, allowed)
            self.model.first_epoch = self.model.load_state(self._path)

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    @override
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        is_over = self._is_over()
        if self._frequency.is_due_after(batch) or is_over:
            self._save(self._epoch, f"after step {batch + 1} of epoch {self._epoch + 1}", is_over)

    @override
    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._is_over():
            self._save(
                self._epoch, f"before the validation of epoch {self._epoch + 1}", is_last=True
            )

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        is_over = self._is_over()
        if self._frequency.is_by_epoch or is_over:
            self._save(epoch + 1, f"after epoch {epoch + 1}", is_over)

    def _is_over(self) -> bool:
        """Return whether a signal has come; a collective operation."""
        return self._agree(self._signals.name is not None)

    def _save(self, finished_epochs: int, when: str, is_last: bool) -> None:
        """Save; if it is for a signal, do what the signal does."""
        make_folder(_OWNER, self._path.parent)
        # First: it brings the weights here if others hold them.
        position = None if self._run is None else self._run.find_position()
        with contextlib.ExitStack() as stack:
            for swap in self._swaps:
                stack.enter_context(swap.using_weights())
            self.model.save_state(
                self._path, epoch=finished_epochs, position=position, sharded=self.sharded
            )
        self._saved = when
        if is_last:
            name = self._signals.name or "a signal to another process"
            say(f"{_OWNER}: {name}; the state {when} is in {str(self._path)!r}")
            sys.stdout.flush()
            self._signals.deliver()

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the file: the run is complete."""
        if self.delete_checkpoint:
            run_on_main(self._delete)

    def _delete(self) -> None:
        remove_leftovers(self._path)
        with writing(_OWNER, self._path):
            if self._path.is_dir():
                shutil.rmtree(self._path)
            self._path.unlink(missing_ok=True)
            if self._path.parent.is_dir() and not any(self._path.parent.iterdir()):
                self._path.parent.rmdir()
