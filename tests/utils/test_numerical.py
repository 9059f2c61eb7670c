"""Class labels as rows, and vectors of length 1, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.utils import normalize, to_categorical


@pytest.mark.parametrize(
    ("x", "num_classes"),
    [
        ([0, 2, 1], None),
        ([0, 2, 1], 5),
        ([[0], [2]], None),
        ([[0, 1], [2, 1]], 4),
        (np.array([1.0, 0.0]), None),
    ],
)
def test_to_categorical_equals_keras(x: Any, num_classes: int | None) -> None:
    expected = np.asarray(keras.utils.to_categorical(x, num_classes))
    made = to_categorical(x, num_classes)
    np.testing.assert_array_equal(made, expected)
    assert made.dtype == np.float32


def test_to_categorical_takes_tensors() -> None:
    np.testing.assert_array_equal(to_categorical(torch.tensor([1, 0])), np.eye(2)[[1, 0]])


def test_to_categorical_of_nothing_is_empty() -> None:
    assert to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "num_classes", "text"),
    [
        ([0, 3], 3, r"must be in \[0, 3\), found 0 to 3"),
        ([-1, 1], None, r"must be in \[0, 2\), found -1 to 1"),
        ([0.5], None, "must be whole numbers"),
    ],
)
def test_to_categorical_refuses_wrong_classes(
    x: list[float], num_classes: int | None, text: str
) -> None:
    with pytest.raises(DataError, match=text):
        to_categorical(x, num_classes)


def _with_zeros() -> Any:
    x = np.random.default_rng(0).normal(size=(4, 5))
    x[:, 2] = 0.0
    x[1] = 0.0
    return x


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("order", [1, 2, np.inf])
def test_normalize_equals_keras(axis: int, order: float) -> None:
    x = _with_zeros()
    expected = keras.utils.normalize(x, axis=axis, order=order)
    np.testing.assert_allclose(normalize(x, axis, order), expected)
    np.testing.assert_allclose(normalize(torch.tensor(x), axis, order), expected)


def test_normalize_along_the_first_axis() -> None:
    # Keras itself takes 0 for the last axis here.
    x = _with_zeros()
    lengths = np.sqrt(np.square(x).sum(axis=0))
    lengths[lengths == 0] = 1.0
    np.testing.assert_allclose(normalize(x, axis=0), x / lengths)
    np.testing.assert_allclose(normalize(torch.tensor(x), axis=0), x / lengths)


def test_texts_of_digits_are_class_numbers_as_in_keras() -> None:
    np.testing.assert_array_equal(
        to_categorical(["1", "2"]),
        np.asarray(keras.utils.to_categorical(["1", "2"])),
    )


@pytest.mark.parametrize("given", [["a"], "abc", None, {"a": 1}, [[1], [1, 2]], [object()]])
def test_what_are_no_class_numbers_is_said(given: Any) -> None:
    with pytest.raises(
        DataError, match=r"^to_categorical: x is .* whose values are no class numbers: "
    ):
        to_categorical(given)


@pytest.mark.parametrize("given", ["a", 2.5, -1, [3]])
def test_a_number_of_classes_is_an_integer(given: Any) -> None:
    with pytest.raises(
        ArgumentValueError, match=r"'num_classes' is .*; allowed: None or an integer >= 1"
    ):
        to_categorical([0, 1], given)


@pytest.mark.parametrize(
    ("x", "arguments", "text"),
    [
        (["abc"], {}, "normalize: x holds .* values; numbers are needed"),
        (None, {}, "normalize: x holds object values"),
        ([[1], [1, 2]], {}, "normalize: x cannot become an array"),
        (
            [[1.0, 2.0]],
            {"axis": 2},
            r"an array of shape \(1, 2\) has no norm of order 2 along the axis 2",
        ),
        ([[1.0, 2.0]], {"axis": "a"}, "along the axis 'a'"),
        ([[1.0, 2.0]], {"order": "a"}, "has no norm of order 'a'"),
        (torch.ones(1, 2), {"axis": 2}, "along the axis 2"),
        (torch.ones(1, 2), {"order": "a"}, "has no norm of order 'a'"),
    ],
)
def test_what_has_no_norm_is_said(x: Any, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        normalize(x, **arguments)
