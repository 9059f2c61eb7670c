"""Reads untrusted HDF5 files.

Any damage raises ``WeightsError``. Nothing outside the file is opened (no external or soft link, no
external storage, no virtual dataset, no filter that HDF5 would load as a library), and a size is checked
before memory is allocated.
"""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kplug.errors import KplugError, WeightsError
from kplug.saving.formats import DAMAGED_HINT
from kplug.saving.hdf5_library import h5py
from kplug.saving.heap_check import HeapCheckedFile
from kplug.saving.text_attributes import reading_texts_from

# Filters compiled into HDF5 and h5py. Others are libraries found through the environment at run
# time.
_KNOWN_FILTERS = ("DEFLATE", "SHUFFLE", "FLETCHER32", "SZIP", "NBIT", "SCALEOFFSET", "LZF")


def require_file(path: Path) -> None:
    """Raise ``WeightsError`` unless there is a file at ``path`` that can be read."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise WeightsError(
            "there is no such file", hint="Check the path and the working folder."
        ) from None
    except OSError as error:
        raise _unreadable(error.strerror) from error
    if stat.S_ISDIR(mode):
        raise WeightsError("this is a folder, not a file", hint="Give the path of the file itself.")
    if not stat.S_ISREG(mode):  # reading a pipe or a device may block forever
        raise WeightsError("this is no regular file, but a pipe or a device")
    if not os.access(path, os.R_OK):
        raise _unreadable(os.strerror(errno.EACCES))


def _unreadable(reason: str | None) -> WeightsError:
    return WeightsError(
        f"the file cannot be read: {reason}",
        hint="Check the permissions of the file and of its folders.",
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; errors of HDF5 in the block become ``WeightsError``."""
    require_file(path)
    with _reading():
        if not h5py.is_hdf5(path):
            raise WeightsError(f"this is not an HDF5 file, but {_guess_content(path)}")
        with path.open("rb", buffering=0) as stream, opened_stream(stream) as file:
            yield file


@contextlib.contextmanager
def opened_stream(stream: IO[bytes] | io.RawIOBase) -> Iterator[h5py.File]:
    """Open an HDF5 file inside another for reading."""
    with (
        _reading(),
        h5py.File(HeapCheckedFile(stream), "r") as file,
        reading_texts_from(file, stream),
    ):
        sizes = file.id.get_create_plist().get_sizes()
        if sizes != (8, 8):
            raise WeightsError(
                "its addresses and sizes have {} and {} bytes, where all writers use 8".format(
                    *sizes
                )
            )
        yield file


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except KplugError:
        raise
    # h5py's error depends on which HDF5 function meets the damage first. An address beyond the range
    # of a file raises OverflowError.
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise WeightsError(
            f"the file is truncated or damaged; HDF5 says: {error}", hint=DAMAGED_HINT
        ) from error


def get_group(parent: h5py.Group, name: str) -> h5py.Group:
    """Return the group ``name`` (with or without ``/``) below ``parent``; hard links only."""
    found = _descend(parent, name)
    if not isinstance(found, h5py.Group):
        raise WeightsError(f"{_path_below(parent, name)!r} in the file is a dataset, not a group")
    return found


def find_group(parent: h5py.Group, name: str) -> h5py.Group | None:
    """Return the group ``name`` below ``parent``, or None when there is none; hard links only."""
    current = parent
    for part in name.split("/"):
        if part not in current:
            return None
        current = get_group(current, part)
    return current


def get_dataset(parent: h5py.Group, name: str) -> h5py.Dataset:
    """Return the dataset ``name`` below ``parent``, if it is numeric and stored inside the file."""
    found = _descend(parent, name)
    if not isinstance(found, h5py.Dataset):
        raise WeightsError(f"{_path_below(parent, name)!r} in the file is a group, not a dataset")
    reason = _find_reason_to_refuse(found)
    if reason:
        raise WeightsError(f"refused to read the dataset {found.name!r}: {reason}")
    return found


def _descend(parent: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    current: h5py.Group | h5py.Dataset = parent
    parts = name.split("/")
    # HDF5 would resolve "/etc" from the root of the file, and "." to the group itself.
    if {"", ".", ".."} & set(parts):
        raise WeightsError(f"{name!r} is not a name that a layer or weight can have")
    for part in parts:
        if not isinstance(current, h5py.Group) or part not in current:
            raise WeightsError(
                f"the file announces {_path_below(parent, name)!r} but does not hold it",
                hint=DAMAGED_HINT,
            )
        link = current.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise WeightsError(
                f"refused to follow the {type(link).__name__} {_path_below(parent, name)!r}: "
                "links that leave their group can point outside the file"
            )
        current = current[part]
    return current


def _path_below(parent: h5py.Group, name: str) -> str:
    return f"{parent.name.rstrip('/')}/{name}"


def _find_reason_to_refuse(dataset: h5py.Dataset) -> str | None:
    """Return why this dataset must not be read, judged from its metadata."""
    if dataset.is_virtual:
        return "it is virtual, its data lie in other files"
    if dataset.external:
        return "its data lie in another file"
    if dataset.shape is None or dataset.dtype.kind not in "fiub":
        return f"it holds {dataset.dtype}, not numbers"
    if dataset.dtype.itemsize > 8:
        return f"it holds {dataset.dtype}, which is wider than any weight"
    creation = dataset.id.get_create_plist()
    filters = {creation.get_filter(index)[0] for index in range(creation.get_nfilters())}
    filters -= {getattr(h5py.h5z, f"FILTER_{name}") for name in _KNOWN_FILTERS}
    if filters:
        return f"it needs the HDF5 filter {min(filters)}, which is not built in"
    if dataset.chunks and _count_bytes(dataset, dataset.chunks) > max(
        _count_bytes(dataset, dataset.shape), 1 << 20
    ):
        return f"its chunks {dataset.chunks} are larger than its shape {dataset.shape}"
    if dataset.size and dataset.id.get_space_status() == h5py.h5d.SPACE_STATUS_NOT_ALLOCATED:
        return "its data were never written"
    return None


def _count_bytes(dataset: h5py.Dataset, shape: tuple[int, ...]) -> int:
    return int(dataset.dtype.itemsize) * math.prod(shape)


def _guess_content(path: Path) -> str:
    """Return the type of a file, judged by its first bytes."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        return "an empty file"
    if start.startswith(b"PK"):
        return "a zip archive (a `.keras` file under another name, or one of torch?)"
    if start.startswith(b"version "):
        return "a text file (a git-lfs pointer? run `git lfs pull`)"
    if start.startswith((b"<", b"{")):
        return "a text file (a web page or JSON?)"
    return f"something that starts with {start!r}"
