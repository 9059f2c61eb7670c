"""From whatever was passed to tensors that fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kplug.errors import DataError
from kplug.models import Model
from kplug.training.data.samples import as_samples, as_tensor

ANY = Model(name="any")  # knows no inputs, and has one output without a name


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.zeros((2, 3)), torch.float32),
        (np.zeros((2, 3), "float16"), torch.float32),
        (np.zeros((2, 3), "int32"), torch.int32),
        (np.zeros((2, 3), "uint8"), torch.uint8),
        (np.zeros((2, 3), "uint16"), torch.int64),
        (np.zeros((2, 3), bool), torch.bool),
        ([[1, 2], [3, 4]], torch.int64),
        ([[1.0, 2.0], [3.0, 4.0]], torch.float32),
        (torch.zeros(2, 3, dtype=torch.float64), torch.float32),
        (np.zeros((2, 3))[::-1], torch.float32),
        (np.broadcast_to(np.zeros(3), (2, 3)), torch.float32),
    ],
)
def test_floats_become_floatx_and_integers_are_kept(array: Any, dtype: torch.dtype) -> None:
    tensor = as_tensor(array, "fit: x")
    assert (tensor.dtype, len(tensor)) == (dtype, 2)


def test_memory_is_shared_where_the_type_fits() -> None:
    array = np.zeros((2, 3), "float32")
    tensor = as_tensor(array, "fit: x")
    array[0, 0] = 5
    assert tensor[0, 0] == 5


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": np.zeros((100, 3)), "y": np.zeros(90)},
            "fit: the arrays have different numbers of samples: x has 100, y has 90\n"
            "  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.zeros((4, 3)), "y": np.zeros(4), "sample_weight": np.zeros(5)},
            "fit: the arrays have different numbers of samples: x has 4, y has 4, "
            "sample_weight has 5\n  The first axis of every array counts the samples.",
        ),
        (
            {"x": np.array(["a", "b"])},
            "fit: x holds <U1 values; numbers are needed\n"
            "  Encode strings and categories as numbers first; pad rows of unequal length.",
        ),
        ({"x": 3.0}, "fit: x is the single number 3.0; an array is needed"),
        ({"x": np.zeros((0, 3))}, "fit: x has no samples"),
        ({"x": {}}, "fit: x has no arrays in it"),
        ({"x": None}, "fit: x is None\n  Pass the inputs as the first argument."),
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        as_samples(ANY, "fit", **arrays)
    assert str(caught.value) == message


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="fit: x cannot become an array"):
        as_samples(ANY, "fit", [[1, 2], [3]])


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.array([[1, None]], object), "np.asarray(x, dtype='float32')"),
        (np.array([1 + 2j]), "Pass real and imaginary part as columns of their own"),
        (np.array(["a"]), "Encode strings and categories as numbers first"),
    ],
)
def test_what_holds_no_numbers_is_refused_with_the_way_out(array: Any, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        as_tensor(array, "fit: x")
    assert hint in str(caught.value)


def test_the_other_byte_order_is_read() -> None:
    assert as_tensor(np.array([1.0, 2.0], ">f4"), "fit: x").tolist() == [1.0, 2.0]


def test_a_function_is_no_data() -> None:
    def make_batches() -> Any:
        yield np.zeros((2, 2))

    with pytest.raises(DataError) as caught:
        as_samples(ANY, "fit", make_batches)
    assert str(caught.value) == (
        "fit: x is the function 'make_batches', not data\n"
        "  Call it, if it returns arrays or a generator: make_batches()."
    )
