"""Errors of callbacks that write files."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kplug.errors import FileWriteError


@contextlib.contextmanager
def writing(owner: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn the system's errors in writing a file or folder into ``FileWriteError``.

    Example:
        >>> with writing("CSVLogger", "log.csv"):
        ...     raise OSError("the disk is full")
        Traceback (most recent call last):
        kplug.FileWriteError: CSVLogger: 'log.csv' cannot be written: the disk is full
          Check that the folder exists, its permissions and the free space.
    """
    try:
        yield
    except OSError as error:
        raise FileWriteError(
            f"{owner}: {os.fspath(path)!r} cannot be written: {error.strerror or error}",
            hint="Check that the folder exists, its permissions and the free space.",
        ) from error


def make_folder(owner: str, folder: Path) -> None:
    """Make a folder and its parents."""
    with writing(owner, folder):
        folder.mkdir(parents=True, exist_ok=True)
