"""`Folder`: the storage of a site in a folder."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kplug_registry.errors import BusySiteError, PublishingError
from kplug_registry.site_format import hash_stream, is_immutable
from kplug_registry.storage.site_storage import WORKPLACE, Turn

_JOURNAL = f"{WORKPLACE}/journal.zip"
_DRAFT = f"{WORKPLACE}/draft"  # inside the site, for atomic renames
_COMPRESSED = ".json.gz"  # beside a file that never changes, for web servers; no file of the site
_LEAST_COMPRESSED = 4096  # bytes


class Folder:
    """The files in a folder. One process at a time may write; the system releases a dead process's lock.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if there is none."""
        try:  # builds read many missing files: a Path takes twice as long
            with open(f"{self.path}/{path}", "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def find_hash(self, path: str) -> str | None:
        """Return the SHA-256 of a file, or None if there is none."""
        try:
            with (self.path / path).open("rb") as stream:
                return hash_stream(stream)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def list(self, folder: str) -> list[str]:
        """Return the paths of all files below a folder, sorted."""
        found = (self.path / folder).rglob("*")
        return sorted(
            each.relative_to(self.path).as_posix()
            for each in found
            if each.is_file() and not each.name.endswith(_COMPRESSED)
        )

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each atomically; they are durable on return."""
        folders = set()
        with explaining(self.path):
            for path, content in files.items():
                target = self.path / path
                target.parent.mkdir(parents=True, exist_ok=True)
                self._draft(content).replace(target)
                if _is_compressed(path, len(content)):
                    self._compress(path, content)
                folders.add(target.parent)
            for folder in folders:
                _flush(folder)

    def create(self, path: str, content: bytes) -> bool:
        """Write a file atomically, if there is none; return whether it was written."""
        is_new = not (self.path / path).exists()
        if is_new:
            self.write({path: content})
        return is_new

    def copy(self, files: Mapping[str, str]) -> None:
        """Copy files by the new path of each, which never has another content; one that is there may stay."""
        with explaining(self.path):
            for target, source in files.items():
                (self.path / target).parent.mkdir(parents=True, exist_ok=True)
                try:  # a second name of the file takes no room
                    (self.path / target).hardlink_to(self.path / source)
                except FileExistsError:
                    continue
                except OSError:  # a file system without such names
                    self.write({target: (self.path / source).read_bytes()})
                else:
                    if _is_compressed(target, (self.path / source).stat().st_size):
                        self._compress(target, (self.path / source).read_bytes())
            for folder in {(self.path / target).parent for target in files}:
                _flush(folder)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, ignoring missing ones."""
        for path in paths:
            (self.path / path).unlink(missing_ok=True)
            (self.path / f"{path}.gz").unlink(missing_ok=True)

    @contextmanager
    def take_turn(self, timeout: float) -> Iterator[Turn]:
        """Keep other writers away while the context is open.

        Args:
            timeout: Seconds to wait for another writer.

        Raises:
            PublishingError: if another writer does not end.
        """
        lock = FileLock(self.path / WORKPLACE / "lock", timeout=timeout)
        try:
            with explaining(self.path):
                (self.path / WORKPLACE).mkdir(parents=True, exist_ok=True)
                lock.acquire()
        except Timeout:
            raise BusySiteError(
                f"another publisher has been writing to {self} for {timeout:g} s",
                hint="Try again later.",
            ) from None
        try:
            self.remove([_DRAFT])
            yield Turn(_JOURNAL, _JOURNAL, lambda: None)
        finally:
            lock.release()

    def _compress(self, path: str, content: bytes) -> None:
        self._draft(gzip.compress(content, mtime=0)).replace(self.path / f"{path}.gz")

    def _draft(self, content: bytes) -> Path:
        draft = self.path / _DRAFT
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        _flush(draft)
        return draft


def _is_compressed(path: str, size: int) -> bool:
    """Whether a file is there once more as gzip; one that changes is not, as it would get out of date."""
    return size >= _LEAST_COMPRESSED and path.endswith(".json") and is_immutable(path)


@contextmanager
def explaining(folder: Path) -> Iterator[None]:
    """Translate errors of writing to a folder.

    Raises:
        PublishingError: in place of the system's error.
    """
    try:
        yield
    except Timeout:
        raise
    except OSError as error:
        raise PublishingError(
            f"{folder} cannot be written to: {error.strerror or error}",
            hint="Give a folder that you may write to, on a disk with room.",
        ) from error


def _flush(path: Path) -> None:
    """Sync a file, or the entries of a folder, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
