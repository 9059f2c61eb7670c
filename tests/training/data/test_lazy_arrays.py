"""Samples of sparse matrices and of arrays in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor

from kplug.errors import DataError
from kplug.training.data import lazy_arrays as rows_module
from kplug.training.data.lazy_arrays import (
    LazyArray,
    LazyFileArray,
    is_sparse_matrix,
    read_ranges,
    take_rows,
)
from kplug.training.data.samples import convert

FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr"]


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "IN_MEMORY_BYTES", 0)


def make_sparse(kind: str = "csr", dtype: str = "float32", count: int = 12) -> Any:
    values = np.random.default_rng(0).integers(0, 5, (count, 6))
    values[values < 3] = 0
    return scipy.sparse.coo_matrix(values.astype(dtype)).asformat(kind)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_sparse_rows_are_those_of_the_dense_array(kind: str, dtype: str) -> None:
    matrix = make_sparse(kind, dtype)
    dense = convert(matrix.toarray(), "x")
    found = convert(matrix, "fit: x")
    assert isinstance(found, LazyArray)
    assert (found.shape, found.ndim, found.dtype) == (dense.shape, 2, dense.dtype)
    assert found.is_floating_point() == dense.is_floating_point()
    torch.testing.assert_close(found.load(), dense)
    torch.testing.assert_close(found[3:9].read(1, 4), dense[4:7])
    index = torch.tensor([5, 0, 5])
    torch.testing.assert_close(take_rows(found[2:], index), dense[2:][index])


def test_sparse_arrays_are_as_good_as_matrices() -> None:
    array = scipy.sparse.csr_array(make_sparse())
    found = convert(array, "x")
    assert isinstance(found, LazyArray)
    torch.testing.assert_close(found.load(), torch.from_numpy(array.toarray()))


def test_entries_that_occur_twice_are_added() -> None:
    matrix = scipy.sparse.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 3))
    assert convert(matrix, "x").load().tolist() == [[0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]


def store(folder: Path, array: Any, how: str) -> Any:
    if how == "h5py":
        file = h5py.File(folder / "data.h5", "w")
        file["x"] = array
        return file["x"]
    if how == "w+":
        mapped = np.lib.format.open_memmap(folder / "data.npy", "w+", array.dtype, array.shape)
        mapped[:] = array
        return mapped
    np.save(folder / "data.npy", array)
    return np.load(folder / "data.npy", mmap_mode=how)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["r", "r+", "w+", "c", "h5py"])
@pytest.mark.parametrize("dtype", ["float64", ">f4", "uint8", "uint16", "bool"])
def test_stored_rows_are_those_of_the_array(tmp_path: Path, how: str, dtype: str) -> None:
    array = (np.arange(60).reshape(10, 3, 2) % 7).astype(dtype)
    found, expected = convert(store(tmp_path, array, how), "x"), convert(array, "x")
    assert isinstance(found, LazyFileArray)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    torch.testing.assert_close(found.load(), expected)
    torch.testing.assert_close(found[2:8][1:].read(1, 3), expected[4:6])
    ranges = [(0, 2), (7, 10)]
    torch.testing.assert_close(
        read_ranges(found, ranges), torch.cat([expected[0:2], expected[7:10]])
    )


def test_changes_of_a_private_mapping_stay(tmp_path: Path) -> None:
    mapped = store(tmp_path, np.zeros((4, 2)), "c")
    mapped[1] = 5.0
    found = convert(mapped, "x")
    for _ in range(2):
        assert found.load()[1].tolist() == [5.0, 5.0]


def test_a_view_of_a_mapping_is_read_where_it_begins(tmp_path: Path) -> None:
    mapped = store(tmp_path, np.arange(20.0).reshape(10, 2), "r")
    torch.testing.assert_close(
        convert(mapped[3::2, :1], "x").load(), torch.arange(6.0, 20, 4)[:, None]
    )


def test_an_axis_of_length_1_comes_and_goes(tmp_path: Path) -> None:
    found = convert(store(tmp_path, np.arange(6.0).reshape(3, 2), "r"), "x")
    assert found.unsqueeze(-1).read(0, 2).shape == (2, 2, 1)
    assert found.unsqueeze(-1).squeeze(-1).read(0, 2).tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_vectors_and_what_is_small_become_tensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(convert(store(tmp_path, np.zeros(9), "r"), "x"), Tensor)
    monkeypatch.setattr(rows_module, "IN_MEMORY_BYTES", 1 << 20)
    for array in (make_sparse(), store(tmp_path, np.zeros((9, 2)), "r")):
        assert isinstance(convert(array, "x"), Tensor)


@pytest.mark.parametrize("make", [lambda a: scipy.sparse.csr_matrix(a), lambda a: a])
def test_what_holds_no_numbers_is_refused_as_any_array(tmp_path: Path, make: Any) -> None:
    array = make(np.zeros((3, 2), "complex64"))
    if isinstance(array, np.ndarray):
        array = store(tmp_path, array, "r")
    with pytest.raises(DataError) as caught:
        convert(array, "fit: x")
    assert str(caught.value) == (
        "fit: x holds complex64 values; numbers are needed\n"
        "  Pass real and imaginary part as columns of their own."
    )


def test_only_sparse_matrices_are_taken_for_such() -> None:
    assert is_sparse_matrix(make_sparse())
    assert not any(map(is_sparse_matrix, [np.zeros((2, 2)), torch.zeros(2, 2), [[1]], None]))


@given(cuts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=4))
@settings(max_examples=30)
def test_slices_of_slices(cuts: list[tuple[int, int]]) -> None:
    matrix = make_sparse()
    found, dense = convert(matrix, "x"), torch.from_numpy(matrix.toarray())
    assert isinstance(found, LazyArray)
    for start, stop in cuts:
        found, dense = found[start:stop], dense[start:stop]
        assert len(found) == len(dense)
    torch.testing.assert_close(found.load(), dense)
