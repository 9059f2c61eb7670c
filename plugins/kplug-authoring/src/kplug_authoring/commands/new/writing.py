"""Writes several files atomically: all or none."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from kplug.errors import KplugError
from kplug_authoring.commands.new.files import Files


def write_folder(folder: Path, files: Files) -> None:
    """Write a new folder atomically.

    Raises:
        KplugError: if the path exists and is not an empty folder, or cannot be written.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise KplugError(
            f"{str(folder)!r} exists and is not empty; nothing was written",
            hint="Move it away, or take another name. `kplug add` adds to a project that exists.",
        )
    try:
        with tempfile.TemporaryDirectory(prefix=".kplug-new-", dir=folder.parent) as workshop:
            made = Path(workshop, folder.name)
            _write_files(made, files)
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()
            made.rename(folder)
    except OSError as error:
        raise _not_written(error) from error


def add_files(project: Path, files: Files, changed: Path, text: str) -> None:
    """Write new files into a project, then replace an existing one.

    Args:
        project: The folder of the project.
        files: The new files, by their paths in the project.
        changed: The file to replace, last.
        text: Its new text.

    Raises:
        KplugError: if a new file exists, or a file cannot be written; the project is unchanged then.
    """
    for place in files:
        if (project / place).exists():
            raise KplugError(
                f"{str(project / place)!r} exists already; nothing was written",
                hint="Give the component another name, or move the file away.",
            )
    written: list[Path] = []
    try:
        for place, content in files.items():
            path = project / place
            missing = [one for one in path.parents if not one.exists()]
            written += [*reversed(missing), path]
            _write_files(project, {place: content})
        with tempfile.NamedTemporaryFile(dir=changed.parent, delete=False) as file:
            written.append(Path(file.name))
            file.write(text.encode())
        shutil.copymode(changed, file.name)
        Path(file.name).replace(changed)
    except BaseException as error:
        for path in reversed(written):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, OSError):
            raise _not_written(error) from error
        raise


def _write_files(folder: Path, files: Files) -> None:
    for place, text in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def _not_written(error: OSError) -> KplugError:
    return KplugError(
        f"{error.filename or 'a file'!r} cannot be written: {error.strerror}; nothing was changed",
        hint="Choose a folder that you may write to.",
    )
