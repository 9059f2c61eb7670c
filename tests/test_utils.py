"""kplug.utils against Keras and NumPy."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.layers import Dense
from kplug.models import Sequential
from kplug.utils import normalize, print_summary, set_random_seed, to_categorical


def _draw() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(()))]


def test_same_seed_repeats_python_numpy_and_torch() -> None:
    set_random_seed(7)
    first = _draw()
    set_random_seed(7)
    assert _draw() == first


def test_seed_gives_the_draws_of_keras() -> None:
    keras.utils.set_random_seed(11)
    expected = _draw()
    set_random_seed(11)
    assert _draw() == expected


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "1"])
def test_seed_outside_the_range_is_refused(seed: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"allowed: an integer in \[0, 2\*\*32\)"):
        set_random_seed(seed)


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


def test_print_summary_is_the_models_own() -> None:
    model = Sequential([Dense(2, input_dim=3)])
    lines: list[str] = []
    expected: list[str] = []
    print_summary(model, 50, [0.4, 0.7, 1.0], lines.append)
    model.summary(50, [0.4, 0.7, 1.0], expected.append)
    assert lines == expected
    assert len(lines) > 5
