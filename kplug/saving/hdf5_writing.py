"""Writes HDF5 files, and survives a full disk.

HDF5 writes much of a file on closing. If the disk is full then, HDF5 2.0 crashes with a segmentation
fault. So it writes through a file object that defers errors until HDF5 is done.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from typing_extensions import override

from kplug.saving.hdf5_library import h5py


@contextlib.contextmanager
def created(path: Path) -> Iterator[h5py.File]:
    """Create an HDF5 file; errors are those of `written`."""
    with path.open("x+b", buffering=0) as file, written(file) as group:
        yield group


@contextlib.contextmanager
def written(file: IO[bytes]) -> Iterator[h5py.File]:
    """Yield an HDF5 file backed by an empty file, opened for reading and writing.

    Raises:
        OSError: A write failed; raised after the block.
    """
    stream = _LateErrors(file)
    try:
        with h5py.File(stream, "w") as group:
            yield group
    finally:
        if stream.error is not None:
            raise stream.error


class _LateErrors(io.RawIOBase):
    """A file whose writes never fail; it remembers the first error."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    @override
    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]  # each has it
        return count

    @override
    def write(self, data: Any) -> int:
        with self._keeping_errors():
            rest = memoryview(data)
            while rest:  # one call writes 2 GiB at most, and only what fits on the disk
                rest = rest[self._file.write(rest) :]
        return len(data)

    @override
    def truncate(self, size: int | None = None) -> int:
        with self._keeping_errors():
            self._file.truncate(size)
        return self._file.tell()

    @override
    def flush(self) -> None:
        with self._keeping_errors():
            self._file.flush()

    @contextlib.contextmanager
    def _keeping_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error
