"""The record of a training run."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from kplug.callbacks.base import Callback, Logs


class History(Callback):
    """The value of every log after every epoch; ``fit`` returns one.

    Attributes:
        history: For each log a list with one number per epoch, such as
            ``{"accuracy": [0.5, 0.75], "loss": [0.9, 0.4]}``; in alphabetical order, as in Keras 3,
            and after them what callbacks added.
        epoch: The epochs that were run, counted from 0.

    Example:
        >>> record = History()
        >>> record.on_train_begin()
        >>> record.on_epoch_end(0, {"loss": 0.5})
        >>> record.history
        {'loss': [0.5]}

    Reference:
        ``keras.callbacks.History``.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start a new record."""
        self.history, self.epoch = {}, []

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append this epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        return f"History(epochs={len(self.epoch)}, logs={sorted(self.history)})"
