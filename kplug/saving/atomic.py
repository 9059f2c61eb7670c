"""A file is replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from kplug.errors import WeightsError

# Where a folder cannot be opened and synced (Windows), the rename is still atomic; only its
# survival of a power cut within the next seconds is left to the system.
_CAN_SYNC_FOLDERS = hasattr(os, "O_DIRECTORY")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it replaces ``path`` in one step.

    The new content is on the disk before the rename, so whoever opens ``path`` at any moment, also
    after ``kill -9`` or a power cut, finds the old file or the new one, whole. When the block
    raises, the temporary file is removed and ``path`` is as it was.

    Args:
        path: The file to create or replace. A symbolic link is followed: the file it points to is
            replaced, the link stays.
        overwrite: Whether an existing file may be replaced.

    Yields:
        The path to write to. The block must have closed the file when it ends.

    Raises:
        WeightsError: The folder does not exist, ``path`` is a folder or write-protected, or it
            exists and ``overwrite`` is False.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> with replacing(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("new")
        >>> [(p.name, p.read_text()) for p in folder.iterdir()]
        [('a.txt', 'new')]
    """
    target = Path(os.path.realpath(path))
    check_target(target, overwrite=overwrite)
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        _sync(temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if _CAN_SYNC_FOLDERS:
        _sync(target.parent)


def check_target(target: Path, *, overwrite: bool) -> None:
    """Raise ``WeightsError`` unless a file may be written at ``target``."""
    if not target.parent.is_dir():
        raise WeightsError(
            f"cannot save: the folder {str(target.parent)!r} does not exist",
            hint="Create the folder first, or choose another path.",
        )
    if target.is_dir():
        raise WeightsError(
            "cannot save: a folder of this name exists",
            hint="Give the path of a file, such as 'model.h5'.",
        )
    if target.exists() and not overwrite:
        raise WeightsError(
            "cannot save: the file exists and overwrite=False",
            hint="Pass overwrite=True to replace it, or choose another path.",
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise WeightsError(
            "cannot save: the file exists and is write-protected",
            hint="Make the file writable, or choose another path.",
        )


def _sync(path: Path) -> None:
    # Windows flushes only what was opened for writing; a folder can only be opened for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
