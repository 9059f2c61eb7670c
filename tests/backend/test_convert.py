"""From numbers and arrays to tensors, and the arguments that name axes and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from kplug.backend.convert import to_axes, to_float, to_operand_of, to_pair, to_shape, to_tensor
from kplug.errors import ArgumentValueError, DataError, GraphError
from kplug.layers import Input


def test_a_tensor_is_returned_itself_unless_another_type_is_asked_for() -> None:
    tensor = torch.tensor([1.5, 2.5], dtype=torch.float64)
    assert to_tensor(tensor) is tensor
    assert to_tensor(tensor, "float64") is tensor
    assert to_tensor(tensor, "int32").tolist() == [1, 2]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.zeros(2), torch.float64),
        (np.zeros(2, np.int16), torch.int16),
        ([1.0, 2.0], torch.float32),
        (np.float64(0.5), torch.float32),
        (3, torch.int64),
        ([True], torch.bool),
        (1 + 2j, torch.complex64),
    ],
)
def test_arrays_keep_their_type_and_python_floats_become_single(
    value: Any, dtype: torch.dtype
) -> None:
    tensor = to_tensor(value)
    assert tensor.dtype == dtype
    assert tensor.tolist() == np.asarray(value).tolist()


def test_a_symbolic_tensor_has_no_values() -> None:
    symbolic: Any = Input((3,))
    with pytest.raises(GraphError, match="has no values until the model runs"):
        to_tensor(symbolic)


def test_whole_numbers_become_floats_and_other_types_stay() -> None:
    assert to_float([1, 2]).dtype == torch.float32
    assert to_float([True, False]).tolist() == [1.0, 0.0]
    assert to_float(torch.zeros(1, dtype=torch.float16)).dtype == torch.float16
    assert to_float(1j).dtype == torch.complex64


def test_a_number_takes_the_type_of_the_tensor_on_the_other_side() -> None:
    half = torch.tensor([1.0, 3.0], dtype=torch.float16)
    left, right = to_pair(2, half)
    assert (left.dtype, left.shape, left.item()) == (torch.float16, (), 2.0)
    assert right is half
    assert torch.maximum(*to_pair(half, 2.0)).tolist() == [2.0, 3.0]
    # Whole numbers are not cut off: torch's own rule for a tensor and a number.
    whole = torch.tensor([1, 3])
    assert to_pair(whole, 2.5)[1].item() == 2.5
    assert [one.dtype for one in to_pair(1.0, 2)] == [torch.float32, torch.int64]


@pytest.mark.parametrize("value", [True, 3, 2.5, np.float64(2.5)], ids=repr)
@pytest.mark.parametrize(
    "dtype",
    [
        *(torch.bool, torch.uint8, torch.int8, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_the_type_of_a_number_is_that_of_torch(
    value: Any, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    other = torch.zeros(shape, dtype=dtype)
    assert to_pair(other, value)[1].dtype == torch.result_type(other, value)


def test_axes_are_a_tuple_or_all() -> None:
    assert to_axes(None) is None
    assert to_axes(-1) == (-1,)
    assert to_axes([0, 2]) == (0, 2)
    assert to_axes(()) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, (3,)),
        ([2, np.int64(0)], (2, 0)),
        (torch.Size([4, 5]), (4, 5)),
        (torch.tensor([4, 5]), (4, 5)),
        (np.array(6), (6,)),
        ((), ()),
    ],
)
def test_a_shape_may_be_a_number_a_sequence_or_a_tensor(
    given: object, expected: tuple[int, ...]
) -> None:
    assert to_shape(given) == expected


@pytest.mark.parametrize("given", [-1, (2, -3), (2, None), 2.0, "ab", None])
def test_a_shape_of_something_else_is_refused(given: object) -> None:
    with pytest.raises(ArgumentValueError, match=r"argument 'shape' .* allowed: integers >= 0"):
        to_shape(given)


@pytest.mark.parametrize(
    "given", [None, "abc", ["a"], {"a": 1}, object(), [[1], [1, 2]], np.array(["a"])]
)
@pytest.mark.parametrize("dtype", [None, "float32"])
def test_what_holds_no_numbers_is_named(given: Any, dtype: str | None) -> None:
    with pytest.raises(DataError, match="cannot become a tensor"):
        to_tensor(given, dtype)
    with pytest.raises(DataError, match=r"^relu: .*cannot become a tensor"):
        to_operand_of("relu", given)


def test_a_table_is_the_array_of_its_columns() -> None:
    # Read as a sequence, a table with whole numbers as names gives its columns in the place of its rows.
    rows = np.arange(9.0).reshape(3, 3)
    torch.testing.assert_close(to_tensor(pd.DataFrame(rows)), torch.from_numpy(rows))
