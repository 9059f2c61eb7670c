"""Writes the logs of a training run to a CSV file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, TextIO

from typing_extensions import override

from kplug.backend.processes import is_main_process
from kplug.callbacks.base.callback import Callback, Logs
from kplug.callbacks.base.writing import writing
from kplug.components.arguments import refusal, require_flag, require_path
from kplug.registry import named

_OWNER = "CSVLogger"


@named("csv_logger")
class CSVLogger(Callback):
    """Write the logs of every epoch to a CSV file, one row per epoch.

    Columns are ``epoch`` and the logs in alphabetical order. Logs that an epoch lacks, such as
    validation logs with ``validation_freq=2``, are written as ``NA``.

    Args:
        filename: The file to write.
        separator: The string between columns.
        append: Add to an existing file, whose header is kept, instead of replacing it. If
            `BackupAndRestore` resumes a killed run, each epoch still has one row.

    Raises:
        ArgumentValueError: If ``filename`` is no path, or ``separator`` not one character.
        FileWriteError: In a run, if the file cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "log.csv")
        >>> logger = CSVLogger(path)
        >>> logger.on_train_begin()
        >>> logger.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.75})
        >>> logger.on_train_end()
        >>> path.read_text().split()
        ['epoch,accuracy,loss', '0,0.75,0.5']

    Reference:
        ``keras.callbacks.CSVLogger``.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        require_path(_OWNER, "filename", filename)
        given: object = separator
        if not isinstance(given, str) or len(given) != 1:
            raise refusal(_OWNER, "separator", separator, "one character")
        self.filename, self.separator = os.fspath(filename), separator
        self.append = require_flag(_OWNER, "append", append)
        self._file: TextIO | None = None
        self._keys: list[str] = []
        self._has_header = False

    @override
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file, in the main process only."""
        if not is_main_process():
            return
        with writing(_OWNER, self.filename):
            self._open(Path(self.filename))

    def _open(self, path: Path) -> None:
        self._keys = []
        self._has_header = self.append and path.is_file() and path.stat().st_size > 0
        if self._has_header:
            with path.open(newline="") as old:
                header = next(csv.reader(old, delimiter=self.separator))
            self._keys = [name for name in header if name != "epoch"]
        self._file = path.open("a" if self.append else "w", newline="")

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remove the rows of epochs that `BackupAndRestore` repeats after a killed run."""
        if self._file is None or epoch != getattr(self.model, "first_epoch", None):
            return
        lines = Path(self.filename).read_bytes().splitlines(keepends=True)
        while len(lines) > 1 and self._read_epoch(lines[-1]) >= epoch:
            lines.pop()
        self._file.truncate(sum(map(len, lines)))

    def _read_epoch(self, row: bytes) -> int:
        start = row.partition(self.separator.encode())[0]
        return int(start) if start.isdigit() else -1

    @override
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write one row and flush it, so that a killed run keeps its rows."""
        file = self._file
        if file is None:
            return
        values: dict[str, Any] = dict(logs or {})
        if not self._keys:
            self._keys = self._choose_columns(values)
        writer = csv.DictWriter(
            file, ["epoch", *self._keys], "NA", "ignore", delimiter=self.separator
        )
        with writing(_OWNER, self.filename):
            if not self._has_header:
                writer.writeheader()
                self._has_header = True
            writer.writerow({"epoch": epoch, **values})
            file.flush()

    def _choose_columns(self, values: dict[str, Any]) -> list[str]:
        keys = sorted(values)
        if self.params.get("do_validation") and not any(key.startswith("val_") for key in keys):
            # The first epoch may run without validation; its rows must still fit the header.
            keys += [f"val_{key}" for key in keys if key != "learning_rate"]
        return keys

    @override
    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            with writing(_OWNER, self.filename):
                self._file.close()
            self._file = None
