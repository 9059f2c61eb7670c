"""Checks the heaps of an HDF5 file before HDF5 follows them.

Variable-length texts are stored in global heaps, lists of sized objects. Names of a group are in a local
heap with a linked list of free blocks. HDF5 follows both without checks. A size of 0, a size whose sum
overflows, or a cycle in the list makes it loop forever, in C code that no signal interrupts. So the file
is read through Python, and heaps are checked before HDF5 sees them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import IO, Any

from typing_extensions import override

from kplug.errors import WeightsError
from kplug.saving.formats import DAMAGED_HINT

# A heap begins with its signature, its version and three zero bytes; its size follows.
_GLOBAL, _LOCAL = b"GCOL\x01\x00\x00\x00", b"HEAP\x00\x00\x00\x00"
_FIRST_OBJECT = 16
# An object's index, 0 for the free space at the end; its reference count; its size.
_OBJECT = struct.Struct("<H6xQ")
# The size of the names, the offset of the first free block, and the address of the names.
_NAMES = struct.Struct("<8xQQQ")
# The offset of the next free block, and the size of this one.
_FREE_PLACE = struct.Struct("<QQ")
_END_OF_CHAIN = 1
# The longest read for which HDF5 combines parts of its structure.
_MOST_STRUCTURE = 1 << 20


class HeapCheckedFile(io.RawIOBase):
    """A file for HDF5 that checks each heap when it is first read.

    Args:
        file: The file, with sizes and addresses of 8 bytes.

    Raises:
        WeightsError: On reading, if HDF5 would not reach the end of a heap.
    """

    def __init__(self, file: IO[bytes] | io.RawIOBase) -> None:
        self._file = file
        self._checked: set[int] = set()
        self._length = file.seek(0, io.SEEK_END)

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    @override
    def readinto(self, buffer: Any) -> int:
        count: int = self._file.readinto(buffer)  # type: ignore[union-attr]  # raw or buffered
        content = bytes(buffer if count <= _MOST_STRUCTURE else buffer[: len(_GLOBAL)])
        # HDF5 reads a global heap with a separate read.
        is_global, local = content.startswith(_GLOBAL), content.find(_LOCAL)
        if is_global or local >= 0:
            end = self._file.tell()
            if is_global:
                self._check(end - count, self._is_global_heap_sound)
            while local >= 0:
                self._check(end - count + local, self._is_local_heap_sound)
                local = content.find(_LOCAL, local + 1)
        return count

    def _check(self, start: int, is_sound: Callable[[int], bool]) -> None:
        if start in self._checked:
            return
        self._checked.add(start)
        if not is_sound(start):
            raise WeightsError(
                f"the file is damaged: no way leads through the heap at byte {start}",
                hint=DAMAGED_HINT,
            )

    def _is_global_heap_sound(self, start: int) -> bool:
        size = int.from_bytes(self._read(start + len(_GLOBAL), 8), "little")
        return size <= self._length - start and _can_be_walked(self._read(start, size))

    def _is_local_heap_sound(self, start: int) -> bool:
        header = self._read(start, _NAMES.size)
        if len(header) < _NAMES.size:
            return False
        size, place, names = _NAMES.unpack(header)
        seen = set()
        while place != _END_OF_CHAIN and place + _FREE_PLACE.size <= size:
            if place in seen:
                return False
            seen.add(place)
            found = self._read(names + place, _FREE_PLACE.size)
            if len(found) < _FREE_PLACE.size:
                return False
            place, _ = _FREE_PLACE.unpack(found)
        return True  # HDF5 detects an address outside

    def _read(self, start: int, size: int) -> bytes:
        """Return these bytes, as far as the file has them."""
        if start >= self._length:
            return b""
        self._file.seek(start)
        return self._file.read(min(size, self._length - start)) or b""


def _can_be_walked(heap: bytes) -> bool:
    """Return whether following the objects leads to the end of a heap."""
    place = _FIRST_OBJECT
    while place + _OBJECT.size <= len(heap):
        number, size = _OBJECT.unpack_from(heap, place)
        # The size of free space includes its header; data are padded to 8 bytes.
        step = size if number == 0 else _OBJECT.size + (size + 7) // 8 * 8
        if step < _OBJECT.size:
            return False
        place += step
    return place <= len(heap)
