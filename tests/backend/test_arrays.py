"""From arrays of other libraries to tensors."""

from __future__ import annotations

from array import array
from collections import UserList, deque
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from kplug import backend as K
from kplug.backend.arrays import from_numpy, read_array
from kplug.errors import DataError

_DTYPES = ["float16", "float32", "float64", ">f4", ">i2", "int8", "int64", "uint8", "bool"]


@given(
    st.sampled_from(_DTYPES).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=3), elements={})
    ),
    st.booleans(),
    st.booleans(),
)
def test_every_layout_in_memory_keeps_its_numbers(
    array: Any, is_reversed: bool, is_read_only: bool
) -> None:
    if is_reversed:
        array = array[::-1]
    array.flags.writeable = not is_read_only
    np.testing.assert_array_equal(from_numpy(array).numpy(), array)
    np.testing.assert_array_equal(read_array(array, "x").numpy(), array)
    again = K.to_tensor(array, "float64")
    np.testing.assert_array_equal(again.numpy(), array.astype("float64"))


def test_memory_is_shared_where_torch_can() -> None:
    array = np.zeros(3)
    from_numpy(array)[0] = 5
    assert array[0] == 5


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_wide_unsigned_integers_become_int64(dtype: str) -> None:
    tensor = read_array(np.array([1, 60_000], dtype), "x")
    assert (tensor.dtype, tensor.tolist()) == (torch.int64, [1, 60_000])


def test_longdouble_becomes_float64() -> None:
    assert read_array(np.ones(2, np.longdouble), "x").dtype is torch.float64


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (pd.DataFrame({"b": [1.5, 2.0], "a": [3, 4]}), [[1.5, 3.0], [2.0, 4.0]]),
        (pd.DataFrame({"b": [True, False], "a": [3, 4]}), [[1, 3], [0, 4]]),
        (pd.DataFrame({"b": [True, False], "a": [0.5, 4]}), [[1.0, 0.5], [0.0, 4.0]]),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["same", "same"]), [[1, 2], [3, 4]]),
        (pd.DataFrame({"a": pd.array([1, 2], dtype="Int64")}), [[1], [2]]),
        (pd.Series([True, False], dtype="boolean"), [True, False]),
        (pd.Series([3, 4], index=[7, 9]), [3, 4]),
        (pd.Index([3, 4]), [3, 4]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_tables_keep_their_columns_in_order(table: Any, expected: list[Any]) -> None:
    assert read_array(table, "x").tolist() == expected


def test_missing_numbers_become_nan() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [2.0, np.nan]})
    tensor = read_array(frame, "x")
    assert tensor[0].tolist() == [1.0, 2.0]
    assert torch.isnan(tensor[1]).all()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            pd.DataFrame({"city": ["a", "b"], "age": [1, 2]}, dtype=object)[["city"]],
            "fit: x holds object values in column 'city'; numbers are needed",
        ),
        (
            pd.DataFrame(
                {"n": np.array(["a", 1], object), "v": [1, 2], "m": pd.Categorical([1, 2])}
            ),
            "fit: x holds object, category values in columns 'n', 'm'; numbers are needed",
        ),
        (
            pd.DataFrame(np.full((1, 7), "a", object), dtype=object),
            "fit: x holds object values in columns 0, 1, 2, 3, 4 and 2 more; numbers are needed",
        ),
        (
            pd.Series(["a"], dtype=object),
            "fit: x holds object values in a Series; numbers are needed",
        ),
    ],
    ids=["one column", "two columns", "many columns", "series"],
)
def test_columns_that_hold_no_numbers_are_named(table: Any, text: str) -> None:
    with pytest.raises(DataError) as caught:
        read_array(table, "fit: x")
    assert str(caught.value) == (
        f"{text}\n  Encode strings and categories as numbers, as pandas.get_dummies and column.cat.codes "
        "do, or leave them out; astype('float32') makes numbers of objects that are numbers."
    )


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match=r"^x cannot become an array: .*inhomogeneous"):
        read_array([[1, 2], [3]], "x")


class Batches:
    """A sequence of batches, as Keras's ``Sequence``: beyond its end it gives empty ones."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return np.arange(8)[4 * index : 4 * index + 4]


def test_a_sequence_that_never_ends_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        read_array(Batches(), "fit: x")
    assert str(caught.value) == (
        "fit: x is of type Batches, which is no array\n"
        "  For one whose items are batches, pass torch.utils.data.DataLoader(x, batch_size=None); "
        "one whose items are samples is to be a torch.utils.data.Dataset."
    )
    loader: Any = torch.utils.data.DataLoader(Batches(), batch_size=None)  # type: ignore[arg-type]
    assert [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7]]


@pytest.mark.parametrize(
    "values",
    [range(3), deque([0, 1, 2]), UserList([0, 1, 2]), array("i", [0, 1, 2]), memoryview(b"abc")],
)
def test_sequences_of_python_are_read(values: Any) -> None:
    assert len(read_array(values, "x")) == 3


def test_masked_values_are_refused() -> None:
    values = np.ma.masked_less([[1.0, 2.0], [0.0, 3.0]], 1.0)
    with pytest.raises(DataError) as caught:
        read_array(values, "fit: x")
    assert str(caught.value) == (
        "fit: x is a masked array with 1 masked values, whose mask would be ignored\n"
        "  Put numbers in their place with numpy.ma.filled, and mask steps with a Masking layer or "
        "samples with sample_weight."
    )
    assert read_array(values.filled(5.0), "x").tolist() == [[1.0, 2.0], [5.0, 3.0]]
    assert read_array(np.ma.array([1.0]), "x").tolist() == [1.0]
