"""The `History` callback: the logs of every epoch."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.curves import plot_curves
from kplug.display.html import html_table
from kplug.support.weak_links import WeakLink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROWS_SHOWN = 20


class History(Callback):
    """The value of every log after every epoch; ``fit`` returns one.

    Attributes:
        history: For each log a list with one number per epoch, such as
            ``{"accuracy": [0.5, 0.75], "loss": [0.9, 0.4]}``; in alphabetical order, as in Keras 3,
            followed by logs that callbacks added.
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
        self._epochs_of: dict[str, list[int]] = {}
        self._model: WeakLink[Any] = WeakLink()

    @property
    def model(self) -> Any:
        """The model, by weak reference, since the model holds this record."""
        return self._model()

    @model.setter
    def model(self, model: Any) -> None:
        self._model = WeakLink(model)

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start a new record."""
        self.history, self.epoch, self._epochs_of = {}, [], {}

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append this epoch's logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._epochs_of.setdefault(name, []).append(epoch)

    def plot(
        self,
        keys: str | Iterable[str] | None = None,
        *,
        log: bool = False,
        axes: Axes | None = None,
        to_file: str | os.PathLike[str] | None = None,
    ) -> list[Axes]:
        """Draw the logs over the epochs: one panel each, training and validation together.

        Args:
            keys: The logs to draw; by default all. With ``"loss"``, ``"val_loss"`` is drawn too.
            log: Whether the values are drawn on a logarithmic axis.
            axes: Draw everything here instead of in a new figure.
            to_file: Save the figure here too, in the extension's format (``.png``, ``.svg``, ``.pdf``).

        Returns:
            The panels; ``panel.figure`` is the figure. ``matplotlib.pyplot.show()`` shows it.

        Raises:
            MissingLibraryError: If matplotlib is not installed.
            ArgumentValueError: If there is no such log.
            DataError: If no epoch was run.

        Example:
            >>> record = History()
            >>> record.on_train_begin()
            >>> record.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6})
            >>> [panel.get_title() for panel in record.plot()]
            ['loss']
        """
        curves = {
            name: ([epoch + 1 for epoch in self._epochs_with(name)], values)
            for name, values in self.history.items()
        }
        return plot_curves(curves, keys, log, axes, to_file)

    def _epochs_with(self, name: str) -> list[int]:
        """Return the epochs that had a log; the first ones for a record that was filled by hand."""
        known, count = self._epochs_of.get(name, []), len(self.history[name])
        return known if len(known) == count else list(range(count))

    def _repr_html_(self) -> str:
        """Return the last epochs as a table, for notebooks."""
        values = {
            name: dict(zip(self._epochs_with(name), numbers, strict=True))
            for name, numbers in self.history.items()
        }
        rows = [
            (epoch + 1, *(_format(values[name].get(epoch, "")) for name in values))
            for epoch in self.epoch[-_ROWS_SHOWN:]
        ]
        hidden = len(self.epoch) - len(rows)
        notes = [f"The first {hidden} epochs are not shown."] if hidden else []
        return html_table(("epoch", *values), rows, notes=notes)

    def __repr__(self) -> str:
        return f"History(epochs={len(self.epoch)}, logs={sorted(self.history)})"


def _format(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
