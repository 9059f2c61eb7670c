"""Keras 3's archive: a zip of ``metadata.json``, ``config.json`` and ``model.weights.h5``.

An archive may be untrusted, so its directory is checked before members are read: sizes, names, duplicates,
and decompressed sizes.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from kplug.errors import WeightsError
from kplug.saving.formats import DAMAGED_HINT
from kplug.saving.hdf5 import opened_stream
from kplug.saving.hdf5_library import h5py

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"

# Limits of the central directory of a zip file; Keras's archives have three members, and assets.
_MOST_DIRECTORY_BYTES = 1 << 20
# Deflate compresses 1032 : 1 at most; weights of a real model do not come near that.
_MOST_EXPANSION = 100
_SMALL = 1 << 20

_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    OverflowError,
)


class Archive:
    """An opened archive whose list of members was checked."""

    def __init__(self, file: IO[bytes], archive: zipfile.ZipFile) -> None:
        self._file, self._archive = file, archive

    def read_text(self, name: str, most: int) -> bytes:
        """Return a member's content, which must have at most ``most`` bytes."""
        info = self._get(name)
        if info.file_size > most:
            raise WeightsError(f"{name} has {info.file_size} bytes; at most {most} are read")
        with translated(), self._archive.open(info) as member:
            return member.read(most)

    def has(self, name: str) -> bool:
        """Return whether there is such a member."""
        return name in self._archive.namelist()

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes] | io.RawIOBase]:
        """Yield a member as a seekable file, after verifying its checksum."""
        info = self._get(name)
        with contextlib.ExitStack() as stack:
            if info.compress_type == zipfile.ZIP_STORED:
                with translated():
                    self._check(info)
                    start = self._find_start(info)
                yield _Window(self._file, start, info.file_size)
                return
            if info.file_size > max(_SMALL, _MOST_EXPANSION * info.compress_size):
                raise WeightsError(
                    f"{name} would grow from {info.compress_size} to {info.file_size} bytes, more "
                    f"than {_MOST_EXPANSION} times, so it is not unpacked"
                )
            with translated():
                copy = stack.enter_context(tempfile.TemporaryFile())
                with self._archive.open(info) as member:
                    shutil.copyfileobj(member, copy, 1 << 20)
            copy.seek(0)
            yield copy

    @contextlib.contextmanager
    def opened_weights(self) -> Iterator[h5py.File]:
        """Yield the HDF5 file with the weights."""
        with self._opened(WEIGHTS) as stream, opened_stream(stream) as file:
            yield file

    def _get(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._archive.getinfo(name)
        except KeyError:
            held = ", ".join(map(repr, self._archive.namelist()[:5])) or "nothing"
            raise WeightsError(
                f"this zip archive is no Keras model: it has no {name!r}, but {held}",
                hint="A '.keras' file is written by model.save; other archives are not read.",
            ) from None

    def _check(self, info: zipfile.ZipInfo) -> None:
        with self._archive.open(info) as member:
            while member.read(1 << 20):
                pass

    def _find_start(self, info: zipfile.ZipInfo) -> int:
        """Return the offset of the member's data: after a header with a name and extra fields."""
        self._file.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", self._file.read(4))
        return info.header_offset + 30 + int(name) + int(extra)


class _Window(io.RawIOBase):
    """A file-like view of a part of a file."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._position))
        self._file.seek(self._start + self._position)
        read: int = self._file.readinto(view[:count])  # type: ignore[attr-defined]
        self._position += read
        return read


@contextlib.contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open an archive for reading and check its list of members.

    Raises:
        WeightsError: It is no zip archive, damaged or unsafe.
    """
    with path.open("rb", buffering=0) as file:
        with translated():
            _check_directory(file)
            archive = zipfile.ZipFile(file)
        with archive:
            _check_members(archive.namelist())
            yield Archive(file, archive)


def write_archive(path: Path, texts: Mapping[str, str], weights: IO[bytes]) -> None:
    """Write an uncompressed archive of texts and of the HDF5 file with the weights."""
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        weights.seek(0)
        with archive.open(WEIGHTS, "w", force_zip64=True) as member:
            shutil.copyfileobj(weights, member, 1 << 20)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the zip library into ``WeightsError``."""
    try:
        yield
    except WeightsError:
        raise
    except _ERRORS as error:
        raise WeightsError(
            f"the file is truncated, damaged or no zip archive: {error}", hint=DAMAGED_HINT
        ) from error


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a central directory that would take much memory, before reading it."""
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - 65_557))  # the end record and the longest comment after it
    tail = file.read(65_557)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + 22:
        file.seek(0)
        raise _refuse_other(file.read(8))
    (size,) = struct.unpack_from("<L", tail, place + 12)
    if place >= 20 and tail[place - 20 : place - 16] == b"PK\x06\x07":
        (offset,) = struct.unpack_from("<Q", tail, place - 12)
        if offset + 56 <= length:
            file.seek(offset + 40)
            size = max(size, *struct.unpack("<Q", file.read(8)))
    if size > _MOST_DIRECTORY_BYTES:
        raise WeightsError(
            f"the list of the archive's members has {size} bytes; "
            f"at most {_MOST_DIRECTORY_BYTES} are read"
        )
    file.seek(0)


def _check_members(names: list[str]) -> None:
    for name in names:
        if (
            name.startswith(("/", "\\"))
            or ":" in name
            or ".." in name.replace("\\", "/").split("/")
        ):
            raise WeightsError(f"the archive's member {name[:80]!r} would lie outside its folder")
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise WeightsError(f"the archive holds {name[:80]!r} twice, so what it means is unclear")


def _refuse_other(start: bytes) -> WeightsError:
    if start.startswith(b"\x89HDF"):
        return WeightsError(
            "this is not a zip archive, but an HDF5 file",
            hint="Rename it so that it ends in '.h5'.",
        )
    message = "this is not a zip archive, so no '.keras' file"
    if not start:
        message = "this is not a zip archive, but an empty file"
    elif start.startswith(b"PK"):
        message = "the zip archive is truncated: its end is missing"
    return WeightsError(message, hint=DAMAGED_HINT)
