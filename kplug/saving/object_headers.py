"""Parses HDF5 object headers for the length of text attributes.

An attribute stores a variable-length text as a reference: its length and address. HDF5 allocates memory for
the length before it follows the address, and has no function that returns the length alone. So this module
parses the header, by the format's specification (version 3.0, IV.A).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO

_Stream = IO[bytes] | io.RawIOBase

_ATTRIBUTE, _CONTINUATION = 0x0C, 0x10
_MOST_BLOCKS = 10_000
# Type, size and flags of a message; in version 2 its number may follow.
_MESSAGE_1, _MESSAGE_2 = struct.Struct("<HHB3x"), struct.Struct("<BHB")
# Version and sizes of name, type and shape.
_SIZES = struct.Struct("<BxHHH")
_REFERENCE = struct.Struct("<I8x4x")


def find_text_length(stream: _Stream, base: int, address: int, name: str) -> int | None:
    """Return the total length of an attribute's texts in bytes, as stated by their references.

    Args:
        stream: The file.
        base: The base of HDF5's addresses.
        address: The address of the object's header.
        name: The attribute, whose type is variable-length text.

    Returns:
        The number of bytes; None if the attribute is in a separate heap instead of the header.
    """
    for content in _read_attributes(stream, base, address):
        version, *sizes = _SIZES.unpack_from(content)
        place = _SIZES.size + (version == 3)
        found = content[place : place + sizes[0]].split(b"\0")[0]
        if found == name.encode(errors="surrogateescape"):
            data = place + sum(-(-size // 8) * 8 if version == 1 else size for size in sizes)
            rest = len(content) - data
            whole = content[data : data + rest - rest % _REFERENCE.size]
            return sum(int(length) for (length,) in _REFERENCE.iter_unpack(whole))
    return None


def _read_attributes(stream: _Stream, base: int, address: int) -> Iterator[bytes]:
    """Yield the messages of a header that are attributes."""
    blocks, message, extra, frame = _find_first_block(stream, base + address)
    for start, size in blocks:  # grows in the loop
        block, place = _read(stream, start, size), 0
        while place + message.size + extra <= len(block):
            kind, length, _ = message.unpack_from(block, place)
            place += message.size + extra
            content = block[place : place + length]
            place += length
            if kind == _ATTRIBUTE and len(content) >= _SIZES.size:
                yield content
            if kind == _CONTINUATION and len(content) >= 16 and len(blocks) < _MOST_BLOCKS:
                offset, count = struct.unpack_from("<QQ", content)
                blocks.append((base + offset + frame, count - 2 * frame))


def _find_first_block(
    stream: _Stream, start: int
) -> tuple[list[tuple[int, int]], struct.Struct, int, int]:
    """Return the offset and size of the messages, and the framing of messages and blocks."""
    head = _read(stream, start, 40)
    if not head.startswith(b"OHDR"):
        return [(start + 16, int.from_bytes(head[8:12], "little"))], _MESSAGE_1, 0, 0
    flags = head[5]
    place = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(head[place : place + width], "little")
    # Further blocks begin with a signature and end with a checksum.
    return [(start + place + width, size)], _MESSAGE_2, 2 if flags & 4 else 0, 4


def _read(stream: _Stream, start: int, size: int) -> bytes:
    stream.seek(start)
    return stream.read(max(0, min(size, 1 << 20))) or b""
