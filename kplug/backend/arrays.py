"""Converts arrays of NumPy, pandas and other libraries to tensors."""

from __future__ import annotations

from array import array as NumberArray
from collections import UserList, deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kplug.errors import DataError

_ENCODE = "Encode strings and categories as numbers first; pad rows of unequal length."
_HINTS = {
    "O": "If all of them are numbers, as in a list of bools and floats, np.asarray(x, "
    f"dtype='float32') makes one type of them. {_ENCODE}",
    "c": "Pass real and imaginary part as columns of their own.",
}
_SHOWN = 5  # columns that a message names
_SEQUENCES = (list, tuple, range, str, bytes, bytearray, memoryview, NumberArray, deque, UserList)
_ARRAY_METHODS = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__")


def from_numpy(array: npt.NDArray[Any]) -> torch.Tensor:
    """Return a NumPy array as a tensor of its type, sharing the memory where torch can.

    Memory that torch cannot share is copied: read-only, reversed or byte-swapped memory, and
    ``longdouble``, which becomes ``float64``.

    Raises:
        DataError: It contains other values than numbers.

    Example:
        >>> from_numpy(np.arange(3, dtype=">i4")[::-1])
        tensor([2, 1, 0], dtype=torch.int32)
    """
    if array.flags.writeable:
        try:
            return torch.from_numpy(array)
        except (TypeError, ValueError):
            pass  # memory that torch cannot share
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype == np.longdouble and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if array.dtype.name == "bfloat16":  # from ml_dtypes, a dependency of JAX
        return from_numpy(array.view(np.int16)).view(torch.bfloat16)
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        raise DataError(
            f"an array of {array.dtype} cannot become a tensor", hint=_ENCODE
        ) from error


def read_array(values: object, what: str, *, kinds: str = "fiub") -> torch.Tensor:
    """Return any container of numbers as a tensor, sharing memory if possible.

    Numbers keep their type; unsigned integers of more than 8 bits, which few torch functions support,
    become ``int64``.

    Args:
        values: A NumPy array, a pandas DataFrame or Series, nested lists, or another object that
            NumPy converts to an array.
        what: Its description in messages, such as ``fit: x``.
        kinds: The allowed kinds of numbers, as NumPy's letters.

    Raises:
        DataError: It contains other values than numbers, or rows of different lengths.

    Example:
        >>> read_array([[1, 2], [3, 4]], "x").shape
        torch.Size([2, 2])
    """
    array = values if type(values) is np.ndarray else _as_array(values, what)
    if array.dtype.kind not in kinds:
        raise DataError(
            f"{what} holds {array.dtype} values; numbers are needed",
            hint=_HINTS.get(array.dtype.kind, _ENCODE),
        )
    if array.dtype.kind == "u" and array.dtype.itemsize > 1:
        array = array.astype(np.int64)
    return from_numpy(array)


def _as_array(values: object, what: str) -> npt.NDArray[Any]:
    _refuse_endless(values, what)
    try:
        array = _read_table(values, what) if is_table(values) else np.asarray(values)
    except (ValueError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{what} cannot become an array: {error}", hint=_ENCODE) from error
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(
            f"{what} is a masked array with {int(np.ma.getmaskarray(values).sum())} masked values, whose "
            "mask would be ignored",
            hint="Put numbers in their place with numpy.ma.filled, and mask steps with a Masking "
            "layer or samples with sample_weight.",
        )
    return array


def _refuse_endless(values: object, what: str) -> None:
    """Refuse an indexable object that is neither an array nor one of Python's sequences.

    NumPy reads such an object until an index is out of range, but slices of arrays never are: such a
    sequence of batches returns empty ones without end.
    """
    owner = type(values)
    is_indexed = hasattr(owner, "__len__") and hasattr(owner, "__getitem__")
    if not is_indexed or isinstance(values, (*_SEQUENCES, Mapping)):
        return
    if any(hasattr(owner, method) for method in _ARRAY_METHODS):
        return
    raise DataError(
        f"{what} is of type {owner.__name__}, which is no array",
        hint="For one whose items are batches, pass torch.utils.data.DataLoader(x, batch_size=None); "
        "one whose items are samples is to be a torch.utils.data.Dataset.",
    )


def is_table(values: object) -> bool:
    """Return whether a value is a table or array of pandas, without importing pandas.

    Example:
        >>> is_table([1, 2])
        False
    """
    return hasattr(values, "to_numpy") and any(
        base.__module__.partition(".")[0] == "pandas" for base in type(values).__mro__
    )


def holds_texts(value: object) -> bool:
    """Return whether a value is a text, or an array or nested list of texts.

    Example:
        >>> holds_texts([["a", "b"]]), holds_texts([1]), holds_texts(np.array([b"a"]))
        (True, False, True)
    """
    if is_table(value):
        value = value.to_numpy()  # type: ignore[attr-defined]
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O" and value.size:  # the first may be a missing one
            return any(isinstance(one, (str, bytes)) for one in value.flat)
        return value.dtype.kind in "USTO"
    return isinstance(value, (str, bytes))


def _read_table(table: Any, what: str) -> npt.NDArray[Any]:
    """Return the numbers of a table, its columns in their order; missing ones become NaN."""
    columns = list(_columns_of(table))
    _require_numbers(columns, what, is_frame=table.ndim == 2)
    types = {dtype for _, dtype in columns}
    if len(types) == 1 and isinstance(next(iter(types)), np.dtype):
        array: npt.NDArray[Any] = table.to_numpy()
        return array
    kinds = {dtype.kind for dtype in types}
    if kinds == {"b"} and not _has_missing(table):
        common: str = "bool"
    elif "f" not in kinds and not _has_missing(table):
        common = "int64"
    else:
        common = "float64"
    missing = {"na_value": np.nan} if common == "float64" else {}
    converted: npt.NDArray[Any] = table.to_numpy(dtype=common, **missing)
    return converted


def _columns_of(table: Any) -> Iterator[tuple[Any, Any]]:
    if table.ndim == 1:
        yield getattr(table, "name", None), table.dtype  # a Series, an Index or an array
    else:
        yield from zip(table.columns, table.dtypes, strict=True)


def _has_missing(table: Any) -> bool:
    return bool(np.any(table.isna()))


def _require_numbers(columns: list[tuple[Any, Any]], what: str, *, is_frame: bool) -> None:
    wrong = [(name, dtype) for name, dtype in columns if dtype.kind not in "fiub"]
    if not wrong:
        return
    types = ", ".join(dict.fromkeys(str(dtype) for _, dtype in wrong))
    listing = ", ".join(repr(name) for name, _ in wrong[:_SHOWN])
    if len(wrong) > _SHOWN:
        listing += f" and {len(wrong) - _SHOWN} more"
    noun = "column" if len(wrong) == 1 else "columns"
    place = f"in {noun} {listing}" if is_frame else "in a Series"
    raise DataError(
        f"{what} holds {types} values {place}; numbers are needed",
        hint="Encode strings and categories as numbers, as pandas.get_dummies and column.cat.codes do, "
        "or leave them out; astype('float32') makes numbers of objects that are numbers.",
    )
