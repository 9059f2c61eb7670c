"""The `Callback` base class, and its hooks."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

Logs = MutableMapping[str, Any]
"""Logs: values by name at one point of training; batch logs are read from the device on access."""


class Callback:
    """Base of everything that is called while a model trains, evaluates or predicts.

    Override only the hooks that you need: the loop skips hooks that no callback overrides, so an
    unused hook costs nothing per step. ``self.model`` and ``self.params``
    (``verbose``, ``epochs``, ``steps``) are set before the first hook is called.

    Batch logs hold running averages over the epoch so far. They are read from the device on access,
    so a hook that ignores them never waits for the device.

    Example:
        >>> class Count(Callback):
        ...     def __init__(self) -> None:
        ...         self.epochs = 0
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.epochs += 1
        >>> count = Count()
        >>> count.on_epoch_end(0)
        >>> count.epochs
        1

    Reference:
        ``keras.callbacks.Callback``: the same hooks, and ``on_batch_*`` for ``on_train_batch_*``. It has no
        ``handle_error``, ``state_dict`` and ``load_state_dict``.
    """

    model: Any = None
    params: Mapping[str, Any] = {}
    call_rank: int = 0
    """``fit`` calls callbacks of a higher rank after those of a lower one, and equals in their order."""

    def set_model(self, model: Any) -> None:
        """Receive the model, before the first hook."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Receive ``verbose``, ``epochs`` and ``steps`` of this run, before the first hook."""
        self.params = params

    def set_callbacks(self, callbacks: Sequence[Any]) -> None:
        """Receive all callbacks of this run, in order; few callbacks need them."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return what `BackupAndRestore` keeps of this callback: numbers, texts, tensors, lists and dicts."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state, after ``on_train_begin`` and before the first epoch of a resumed run."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Run once before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Run once after the last epoch; ``logs`` are those of the last epoch."""

    def handle_error(self, error: BaseException) -> None:
        """Run instead of ``on_train_end`` if an error or Ctrl-C ends ``fit``, which then raises it."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Run before each epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Run after each epoch and its validation; entries added to ``logs`` appear in History."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each training step; calls ``on_batch_begin``."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each training step; calls ``on_batch_end``."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each training step (Keras 2's name)."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each training step (Keras 2's name)."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Run before an evaluation, including those inside ``fit``."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Run after an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each evaluation step."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each evaluation step."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Run before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Run after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Run before each prediction step."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Run after each prediction step."""
