"""Restricted unpickling: reads NumPy arrays, and refuses every other global.

CIFAR's files are pickles, as are lists of unequal length in an ``.npz`` file. A pickle can call any Python
function. This reader allows the few that arrays need and refuses the rest, so a forged file runs no code.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from kplug.errors import DataError

_KNOWN = {
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),  # NumPy 1's name
    ("numpy._core.multiarray", "_reconstruct"),
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no array is made of")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(path: Path) -> dict[Any, Any]:
    """Return the dictionary of arrays that a pickle of Python 2 holds.

    Raises:
        DataError: It is damaged, or names a forbidden global.
    """
    with path.open("rb") as file:
        try:
            found = _ArrayUnpickler(file, encoding="bytes").load()
        except Exception as error:
            raise _refuse(path, error) from error
    if not isinstance(found, dict):
        raise _refuse(path, TypeError(f"it holds {type(found).__name__}, not a dictionary"))
    return found


def read_npz(path: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``.npz`` file, including arrays of Python lists.

    Raises:
        DataError: It is damaged, or names a forbidden global.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one for one in archive.namelist() if one.endswith(".npy")]
            return {one.removesuffix(".npy"): _read_member(archive, one) for one in names}
    except Exception as error:
        raise _refuse(Path(path), error) from error


def _read_member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        if not _skip_header(member).hasobject:
            member.seek(0)
            return np.asarray(npy_format.read_array(member, allow_pickle=False))
        return np.asarray(_ArrayUnpickler(member).load(), dtype=object)


def _skip_header(member: IO[bytes]) -> np.dtype[Any]:
    """Read the header of a member; return the dtype of the data after it."""
    version = npy_format.read_magic(member)
    # Version 3 differs from 2 in the encoding of the header alone.
    read = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    return np.dtype(read(member)[2])


def _refuse(path: Path, error: Exception) -> DataError:
    return DataError(
        f"kplug-datasets: {path} cannot be read: {error}; it is left as it is",
        hint="It is damaged, or another file. Remove it, and it is downloaded again.",
    )
