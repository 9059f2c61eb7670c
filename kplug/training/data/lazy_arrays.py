"""Lazy arrays: sparse matrices and arrays in files, read a few rows at a time."""

from __future__ import annotations

import math
import mmap
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

# Arrays up to this dense size become tensors, which train fastest.
IN_MEMORY_BYTES = 1 << 26

# The cache of rows that HDF5 decompressed along with others; a single chunk may be larger.
_MOST_KEPT_BYTES = 1 << 26

Convert = Callable[[Any], Tensor]


class LazyArray(ABC):
    """An array of samples that is read a few rows at a time.

    It has the tensor methods that slicing and checks need.

    Args:
        array: The array to read; its first axis counts the samples.
        convert: Converts a NumPy array to a tensor.
        start: The first row.
        stop: The row after the last one.
        tail: Shape of a row: that of the array's rows, give or take a last axis of length 1.
    """

    is_indexed = False
    """Whether random access to rows is as fast as sequential access."""

    device = torch.device("cpu")

    def __init__(
        self, array: Any, convert: Convert, start: int, stop: int, tail: tuple[int, ...]
    ) -> None:
        self.array, self.convert, self.start, self.stop = array, convert, start, stop
        self.tail = tail
        self.dtype = convert(np.empty((0,), array.dtype)).dtype

    @abstractmethod
    def _read(self, start: int, stop: int) -> Any:
        """Return rows of the whole array as a NumPy array."""

    @property
    def shape(self) -> torch.Size:
        """The number of rows, and the shape of one."""
        return torch.Size((self.stop - self.start, *self.tail))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return 1 + len(self.tail)

    @property
    def row_bytes(self) -> int:
        """The size of a row as a tensor, in bytes."""
        return math.prod(self.tail) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> Self:
        start, stop, _ = part.indices(len(self))
        return self._like(self.start + start, self.start + max(start, stop), self.tail)

    def _like(self, start: int, stop: int, tail: tuple[int, ...]) -> Self:
        return type(self)(self.array, self.convert, start, stop, tail)

    def is_floating_point(self) -> bool:
        """Tell whether the tensors hold floating-point numbers."""
        return self.dtype.is_floating_point

    def unsqueeze(self, axis: int) -> Self:  # noqa: ARG002 - as a tensor's method
        """Return the rows with a last axis of length 1 added; ``axis`` is -1."""
        return self._like(self.start, self.stop, (*self.tail, 1))

    def squeeze(self, axis: int) -> Self:  # noqa: ARG002 - as a tensor's method
        """Return the rows without the last axis, of length 1; ``axis`` is -1."""
        return self._like(self.start, self.stop, self.tail[:-1])

    def read(self, start: int, stop: int) -> Tensor:
        """Return some of the rows as a tensor."""
        part = self.convert(self._read(self.start + start, self.start + stop))
        return part.reshape(-1, *self.tail)

    def load(self) -> Tensor:
        """Return all rows as a tensor."""
        return self.read(0, len(self))


class LazySparseMatrix(LazyArray):
    """A ``scipy.sparse`` matrix in CSR form.

    Its rows become dense tensors: torch's sparse products with a kernel in kplug's memory order took longer
    (4.4 ms against 3.6 ms a step at 30,000 × 64).
    """

    is_indexed = True

    def _read(self, start: int, stop: int) -> Any:
        return self.array[start:stop].toarray()

    def take(self, index: Tensor) -> Tensor:
        """Return rows by number, in the order of the numbers."""
        rows = self.array[(index + self.start).numpy()]
        return self.convert(rows.toarray()).reshape(-1, *self.tail)


class LazyFileArray(LazyArray):
    """An array in a file: a ``numpy.memmap`` or an h5py dataset.

    HDF5 decompresses whole chunks, and does not cache one that is larger than its cache. So this class caches
    the rows of partly read chunks until all are read, or until rows of other chunks are.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stored_together = _find_rows_of_chunk(self.array)
        """The number of rows that are stored in the same chunks."""
        self._kept_from, self._kept = 0, np.empty(0)

    def _read(self, start: int, stop: int) -> Any:
        if isinstance(self.array, np.memmap):
            part = np.array(self.array[start:stop])
            _release(self.array)
            return part
        if self.stored_together == 1:
            return self.array[start:stop]
        return self._read_in_chunks(start, stop)

    def _read_in_chunks(self, start: int, stop: int) -> Any:
        part = np.empty((stop - start, *self.array.shape[1:]), self.array.dtype)
        place = self._take_kept(part, start)
        # The last rows, if they end within a chunk.
        size, count = self.stored_together, self.array.shape[0]
        edge = max(stop - stop % size, start + place) if stop < count else stop
        if start + place < edge:
            rows = np.s_[start + place : edge]
            self.array.read_direct(part, rows, np.s_[place : edge - start])
        if edge < stop:
            self._kept_from = stop - stop % size
            self._kept = self.array[self._kept_from : self._kept_from + size]
            self._take_kept(part[edge - start :], edge)
        return part

    def _take_kept(self, part: Any, start: int) -> int:
        """Fill a part from ``start`` on with cached rows; return how many."""
        place = start - self._kept_from
        count = min(len(self._kept) - place, len(part)) if place >= 0 else 0
        if count <= 0:
            return 0
        part[:count] = self._kept[place : place + count]
        if place + count == len(self._kept):
            self._kept = np.empty(0)
        return count


def _find_rows_of_chunk(array: Any) -> int:
    """Return how many rows share the same chunks; fewer if these chunks are too large together."""
    chunks = getattr(array, "chunks", None)
    if not chunks:
        return 1
    row_bytes = array.dtype.itemsize * math.prod(array.shape[1:])
    chunk_bytes = array.dtype.itemsize * math.prod(chunks)
    most = max(_MOST_KEPT_BYTES, chunk_bytes) // max(1, row_bytes)
    return int(min(chunks[0], max(1, most)))


def _release(array: Any) -> None:
    """Release the mapped pages that were read.

    They stay in the system's page cache. Mapped, they would add up to the whole file.
    """
    mapped = getattr(array, "_mmap", None)
    is_of_file = getattr(array, "mode", None) in ("r", "r+", "w+")  # "c" is copy-on-write
    if is_of_file and isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def find_lazy_array(array: Any, convert: Convert) -> LazyArray | Tensor | None:
    """Return a sparse matrix or an array in a file as a lazy array, or as a tensor if it is small.

    Returns None for anything else.
    """
    if is_sparse_matrix(array):
        size = math.prod(array.shape) * array.dtype.itemsize
        if size <= IN_MEMORY_BYTES or array.ndim < 2:
            return convert(array.toarray())
        return LazySparseMatrix(array.tocsr(), convert, 0, array.shape[0], tuple(array.shape[1:]))
    if isinstance(array, np.memmap) or _is_dataset(array):
        if array.dtype.itemsize * array.size <= IN_MEMORY_BYTES or array.ndim < 2:
            return convert(np.asarray(array))
        return LazyFileArray(array, convert, 0, array.shape[0], tuple(array.shape[1:]))
    return None


def _is_dataset(array: object) -> bool:
    """Tell whether an object is a dataset of h5py, which only a program that has imported h5py has."""
    h5py = sys.modules.get("h5py")
    return h5py is not None and isinstance(array, h5py.Dataset)


def is_sparse_matrix(array: Any) -> bool:
    """Tell whether an object is a matrix of ``scipy.sparse``, without importing scipy."""
    return all(hasattr(array, name) for name in ("tocsr", "toarray", "nnz"))


def read_ranges(array: Tensor | LazyArray, ranges: list[tuple[int, int]]) -> Tensor:
    """Return several ranges of rows, one after another, as one tensor."""
    if len(ranges) == 1:
        start, stop = ranges[0]
        return array[start:stop] if isinstance(array, Tensor) else array.read(start, stop)
    count = sum(stop - start for start, stop in ranges)
    # Filled piece by piece, so that memory never holds two copies of all rows.
    whole = torch.empty((count, *array.shape[1:]), dtype=array.dtype, device=array.device)
    done = 0
    for start, stop in ranges:
        part = array[start:stop] if isinstance(array, Tensor) else array.read(start, stop)
        whole[done : done + len(part)] = part
        done += len(part)
    return whole


def read_all(array: Tensor | LazyArray) -> Tensor:
    """Return an array as a tensor."""
    return array if isinstance(array, Tensor) else array.load()


def take_rows(array: Tensor | LazyArray, index: Tensor) -> Tensor:
    """Return rows by number; ``array`` is a tensor or has ``is_indexed``."""
    if isinstance(array, Tensor):
        return array.index_select(0, index.to(array.device))
    return cast("LazySparseMatrix", array).take(index)
