"""Sequences as one array, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kplug.errors import ArgumentValueError, DataError
from kplug.utils import pad_sequences

NUMBERS = [[1], [2, 3], [4, 5, 6]]
STEPS = [[[2, 1], [1, 1]], [[2, 1], [1, 2], [3, 3]], []]


@pytest.mark.parametrize(
    ("sequences", "arguments"),
    [
        (NUMBERS, {}),
        (NUMBERS, {"maxlen": 2}),
        (NUMBERS, {"maxlen": 2, "truncating": "post"}),
        (NUMBERS, {"maxlen": 5, "padding": "post", "value": 9}),
        (NUMBERS, {"maxlen": 4, "dtype": "float32", "value": -0.5}),
        ([[], [1]], {}),
        (np.array([[1, 2], [3, 4]]), {"maxlen": 3}),
        (STEPS, {}),
        (STEPS, {"maxlen": 2, "padding": "post"}),
        ([["a"], ["bc", "d"]], {"dtype": object, "value": "pad"}),
    ],
    ids=str,
)
def test_rows_are_those_of_keras(sequences: Any, arguments: dict[str, Any]) -> None:
    expected = keras.utils.pad_sequences(sequences, **arguments)
    made = pad_sequences(sequences, **arguments)
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == expected.dtype


def test_rows_may_have_no_length() -> None:
    assert pad_sequences(NUMBERS, maxlen=0).shape == (3, 0)


@pytest.mark.parametrize(
    ("sequences", "arguments", "text"),
    [
        ([[1], 2], {}, r"pad_sequences: entry 1 is 2, which is no sequence"),
        (3, {}, r"pad_sequences: sequences is int, not a list"),
        (
            [[[1, 2]], [[1, 2, 3]]],
            {},
            r"sequence 1 has steps of shape \(3,\), and those before it of shape \(2,\)",
        ),
        (NUMBERS, {"value": "pad"}, r"value is the text 'pad', and dtype is int32"),
    ],
    ids=["a number", "no list", "two shapes", "a text"],
)
def test_what_is_no_list_of_sequences_is_refused(
    sequences: Any, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        pad_sequences(sequences, **arguments)


@pytest.mark.parametrize(
    ("argument", "value"), [("padding", "left"), ("truncating", "right"), ("maxlen", -1)]
)
def test_arguments_out_of_their_range_are_refused(argument: str, value: Any) -> None:
    with pytest.raises(ArgumentValueError, match=f"pad_sequences: argument '{argument}'"):
        pad_sequences(NUMBERS, **{argument: value})


@pytest.mark.parametrize("given", [["abc", "d"], "abc", [["abc"], ["d"]], [[10**12]], [[object()]]])
def test_what_are_no_numbers_is_named(given: Any) -> None:
    with pytest.raises(
        DataError, match=r"^pad_sequences: sequence 0 is .*, which is no array of int32: "
    ):
        pad_sequences(given)
    assert pad_sequences(["ab", "c"], dtype=object, value="")[1].tolist() == ["", "c"]
