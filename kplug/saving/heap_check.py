"""Checking the global heaps of an HDF5 file before HDF5 walks through them.

A global heap is a list of objects with their sizes; texts of any length lie there. HDF5 adds the
sizes up unseen. A size of 0, or one with which the sum wraps around, makes it walk in a circle, in
C code that no signal ends. It reads a heap by a read of its own that begins where the heap does, so
the file is read through Python and such reads are looked at first.
"""

from __future__ import annotations

import io
import struct
from typing import IO, Any

from typing_extensions import override

from kplug.errors import WeightsError
from kplug.saving.formats import DAMAGED_HINT

# A heap begins with its name, its version and three bytes of zero; its size comes next.
_START = b"GCOL\x01\x00\x00\x00"
_FIRST_OBJECT = 16
# An object's number, 0 for the free space at the end; how often it is used; its size.
_OBJECT = struct.Struct("<H6xQ")


class HeapCheckedFile(io.RawIOBase):
    """A file for HDF5 to read, in which a heap is checked when it is first read.

    Args:
        file: The file, whose sizes and addresses have 8 bytes.

    Raises:
        WeightsError: While it is read, if HDF5 would not get to the end of a heap.
    """

    def __init__(self, file: IO[bytes] | io.RawIOBase) -> None:
        self._file = file
        self._checked: set[int] = set()

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    @override
    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[union-attr]  # raw or buffered
        if bytes(buffer[: len(_START)]) == _START:
            self._check(self._file.tell() - count)
        return count

    def _check(self, start: int) -> None:
        if start in self._checked:
            return
        self._checked.add(start)
        rest = self._file.seek(0, io.SEEK_END) - start
        self._file.seek(start + len(_START))
        size = int.from_bytes(self._file.read(8) or b"", "little")
        self._file.seek(start)
        if size > rest or not _can_be_walked(self._file.read(size) or b""):
            raise WeightsError(
                f"the file is damaged: the sizes in the heap at byte {start} do not add up to its own",
                hint=DAMAGED_HINT,
            )


def _can_be_walked(heap: bytes) -> bool:
    """Return whether one object after the other leads to the end of a heap."""
    place = _FIRST_OBJECT
    while place + _OBJECT.size <= len(heap):
        number, size = _OBJECT.unpack_from(heap, place)
        # The free space counts its own header; data are filled up to 8 bytes.
        step = size if number == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if step < _OBJECT.size:
            return False
        place += step
    return place <= len(heap)
