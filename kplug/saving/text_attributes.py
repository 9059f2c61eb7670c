"""Reads text attributes of HDF5 objects, once their lengths are checked."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import IO, Any

from kplug.errors import WeightsError
from kplug.saving.formats import DAMAGED_HINT
from kplug.saving.hdf5_library import h5py
from kplug.saving.object_headers import find_text_length

# HDF5 keeps a group's attributes in its header, limited to 64 KiB; Keras splits longer lists
# into numbered attributes of at most this many bytes.
ATTRIBUTE_LIMIT = 64512

# More names than any model has; the largest published ones have some ten thousand weights.
MOST_NAMES = 1_000_000
MOST_NAME_BYTES = 64 << 20
_MOST_PARTS = 10_000

# The open files, by HDF5's file number.
_streams: dict[int, IO[bytes] | io.RawIOBase] = {}


@contextlib.contextmanager
def reading_texts_from(file: h5py.File, stream: IO[bytes] | io.RawIOBase) -> Iterator[None]:
    """Enable reading a file's text attributes within the block."""
    number = h5py.h5o.get_info(file.id).fileno
    _streams[number] = stream
    try:
        yield
    finally:
        del _streams[number]


def read_names(group: h5py.Group, attribute: str) -> list[str] | None:
    """Return a list of names from an attribute, whole or split into ``attribute0, attribute1, …``.

    Returns:
        The names, or None when there is no such attribute. Bytes, str and the float64 array that
        NumPy makes of an empty list are all read.
    """
    if attribute in group.attrs:
        return _read_name_array(group, attribute)
    names: list[str] = []
    part = 0
    while f"{attribute}{part}" in group.attrs:
        names += _read_name_array(group, f"{attribute}{part}")
        part += 1
        if len(names) > MOST_NAMES or part > _MOST_PARTS:
            raise _bad_attribute(group, attribute, f"it has {part} parts, with {len(names)} names")
    return names if part else None


def read_text(group: h5py.Group, attribute: str) -> str | None:
    """Return a text attribute such as ``backend``, or None if it is missing or no text."""
    if attribute not in group.attrs:
        return None
    if not _is_text(group, attribute):
        return None
    value = read_attribute(group, attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else None


def read_attribute(group: h5py.Group, attribute: str) -> Any:
    """Return an attribute that holds texts or bytes.

    Raises:
        WeightsError: Their stated length exceeds that of any model.
    """
    handle = group.attrs.get_id(attribute)
    size = handle.get_storage_size()
    text = h5py.check_string_dtype(handle.dtype)
    if text is not None and text.length is None:
        place = h5py.h5o.get_info(group.id)
        base = group.file.userblock_size
        size = find_text_length(_streams[place.fileno], base, place.addr, attribute) or 0
    if size > MOST_NAME_BYTES:
        raise WeightsError(
            f"the attribute {attribute!r} of {group.name!r} announces {size} bytes; at most "
            f"{MOST_NAME_BYTES} are read",
            hint=DAMAGED_HINT,
        )
    return group.attrs[attribute]


def _is_text(group: h5py.Group, attribute: str) -> bool:
    return h5py.check_string_dtype(group.attrs.get_id(attribute).dtype) is not None


def _read_name_array(group: h5py.Group, attribute: str) -> list[str]:
    handle = group.attrs.get_id(attribute)
    if len(handle.shape) != 1:
        raise _bad_attribute(group, attribute, f"it has shape {handle.shape}")
    if handle.shape[0] == 0:
        return []
    if handle.shape[0] > MOST_NAMES:
        raise _bad_attribute(group, attribute, f"it declares {handle.shape[0]} names")
    if not _is_text(group, attribute):
        raise _bad_attribute(group, attribute, f"it holds {handle.dtype}")
    return [_decode(group, attribute, value) for value in read_attribute(group, attribute)]


def _decode(group: h5py.Group, attribute: str, value: object) -> str:
    # h5py decodes bytes that are not UTF-8 to surrogates.
    raw = bytes(value) if isinstance(value, bytes) else str(value).encode(errors="surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad_attribute(group, attribute, f"{raw!r} is not UTF-8") from error


def _bad_attribute(group: h5py.Group, attribute: str, reason: str) -> WeightsError:
    return WeightsError(
        f"the attribute {attribute!r} of {group.name!r} is not a list of names: {reason}"
    )
