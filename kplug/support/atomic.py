"""Atomic file replacement: a file is replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from kplug.errors import KplugError, WeightsError

try:
    import fcntl
except ImportError:  # Windows cannot rename open files, so there are no locks
    fcntl = None  # type: ignore[assignment]

# Where a folder cannot be opened and synced (Windows), the rename is still atomic, but may be lost
# in a power cut within the next seconds.
_CAN_SYNC_FOLDERS = hasattr(os, "O_DIRECTORY")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path in a hidden folder beside ``path``; its file replaces ``path`` in one step.

    The new content is synced to disk before the rename, so readers of ``path`` find the complete old or
    new file at any moment, even after ``kill -9`` or a power cut. If the block raises, the hidden folder
    is removed and ``path`` stays unchanged. The next call removes leftovers of killed processes; a lock
    protects those of running processes.

    Args:
        path: The file to create or replace. A symbolic link is followed: the file it points to is
            replaced, the link stays.
        overwrite: Whether an existing file may be replaced.

    Yields:
        The path to write to. The block must have closed the file when it ends.

    Raises:
        WeightsError: The folder does not exist or is write-protected, ``path`` is a folder, a pipe,
            a device or write-protected, it exists and ``overwrite`` is False, or the block cannot
            write.

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
    remove_leftovers(target)
    with _writing(), _temporary_folder(target) as folder:
        temporary = folder / f"new{target.suffix}"
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        sync(temporary)
        temporary.replace(target)
    sync(target.parent)


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
    if target.exists() and not target.is_file():
        raise WeightsError(
            "cannot save: this is no regular file, but a pipe or a device",
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
    if not os.access(target.parent, os.W_OK):
        raise WeightsError(
            f"cannot save: the folder {str(target.parent)!r} is write-protected",
            hint="Make the folder writable, or choose another path.",
        )


def remove_leftovers(target: Path) -> None:
    """Remove leftovers of dead processes that were saving ``target``."""
    if fcntl is None:
        return
    wanted = re.compile(re.escape(_prefix(target)) + r"[0-9a-f]{12}\.tmp")
    with contextlib.suppress(OSError):
        for path in target.parent.iterdir():
            if wanted.fullmatch(path.name):
                _remove_unlocked(path)


def _remove_unlocked(folder: Path) -> None:
    with contextlib.suppress(OSError):  # locked, or just removed by another process
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    folder, descriptor = _create(target)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a failing disk has failed the write already
        if descriptor is not None:
            os.close(descriptor)


def _create(target: Path) -> tuple[Path, int | None]:
    """Return a new folder beside ``target`` and the descriptor of its lock, which ends with the process."""
    while True:
        folder = target.with_name(f"{_prefix(target)}{secrets.token_hex(6)}.tmp")
        folder.mkdir()
        if fcntl is None:
            return folder, None
        with contextlib.suppress(FileNotFoundError):  # removed just before it was locked
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, descriptor
            os.close(descriptor)


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}."


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Turn errors of writing a file into ``WeightsError``."""
    try:
        yield
    except KplugError:
        raise
    # A full disk shows as OSError or, when HDF5 flushes on closing, as RuntimeError.
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"the file cannot be written: {error}",
            hint="Check the free space and the permissions of the folder; nothing was replaced.",
        ) from error


def sync(path: Path) -> None:
    """Write a file, or the entries of a folder where that is possible, to the disk."""
    if path.is_dir() and not _CAN_SYNC_FOLDERS:
        return
    # Windows flushes only files opened for writing; a folder can only be opened for reading.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
