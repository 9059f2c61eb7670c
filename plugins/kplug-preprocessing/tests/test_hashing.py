"""Bins of strings and integers, against what Keras 3.15 makes of them with TensorFlow 2.21."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from kplug_preprocessing.layers import Hashing

import kplug
from kplug.errors import ArgumentValueError

# Of each length that FarmHash has a formula for.
TEXTS = [
    "",
    "A",
    "omar",
    "Straße",
    "stringers",
    " " * 15,
    "日本語" * 6,
    "x" * 32,
    "y" * 33,
    "ab" * 32,
    "z" * 65,
    "farm hash " * 30,
]
KERAS: list[tuple[dict[str, Any], list[int]]] = [
    ({"num_bins": 3}, [2, 1, 2, 1, 0, 1, 2, 0, 0, 2, 1, 0]),
    ({"num_bins": 3, "mask_value": ""}, [0, 1, 1, 2, 1, 1, 2, 2, 1, 1, 2, 1]),
    ({"num_bins": 3, "salt": [133, 137]}, [2, 1, 1, 1, 1, 0, 1, 0, 0, 2, 1, 0]),
    ({"num_bins": 3, "salt": 133}, [2, 0, 0, 2, 1, 1, 1, 2, 0, 0, 1, 2]),
    (
        {"num_bins": 2147483647},
        [
            1699943623,
            565860541,
            553486120,
            2023311530,
            528279327,
            831536916,
            602119705,
            848040801,
            470090442,
            1589534432,
            172380598,
            613803065,
        ],
    ),
    (
        {"num_bins": 2147483647, "salt": [1, 2]},
        [
            1847395816,
            483993810,
            1218460100,
            212115430,
            839556969,
            339257131,
            2104756000,
            1289694894,
            1981077224,
            39602762,
            1249745113,
            1918081016,
        ],
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), KERAS)
def test_strings(arguments: dict[str, Any], expected: list[int]) -> None:
    layer = Hashing(**arguments)
    assert layer(TEXTS).tolist() == expected
    assert layer(np.array(TEXTS)[:, None])[:, 0].tolist() == expected
    again = Hashing.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert torch.equal(again(TEXTS), layer(TEXTS))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [1, 0, 1, 0, 2]),
        ({"salt": [133, 137]}, [1, 1, 2, 0, 1]),
        ({"output_mode": "count"}, [2.0, 2.0, 1.0]),
        ({"output_mode": "multi_hot"}, [1.0, 1.0, 1.0]),
    ],
)
def test_integers(arguments: dict[str, Any], expected: list[Any]) -> None:
    layer = Hashing(3, **arguments)
    x = torch.tensor([[0, 1, 2, 3, 4]])
    assert layer(x).tolist() == [expected]
    assert layer(x.float() + 0.5).tolist() == [expected]
    assert layer.compute_output_shape((None, 5)) == (None, len(expected))


def test_one_bin() -> None:
    assert Hashing(1)(TEXTS[:3]).tolist() == [0, 0, 0]


def test_in_a_model() -> None:
    model = kplug.Sequential([kplug.Input((1,), dtype="int64"), Hashing(3, output_mode="one_hot")])
    made = model.predict(np.arange(5)[:, None], verbose=0)
    np.testing.assert_array_equal(made.argmax(-1), [1, 0, 1, 0, 2])
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_bins": 0}, "'num_bins' is 0; allowed: an integer >= 1"),
        ({"salt": "x"}, "'salt' is 'x'; allowed: an integer, two of them, or None"),
        ({"salt": (1, 2, 3)}, "'salt' is .*; allowed: an integer, two of them, or None"),
        ({"output_mode": "tf_idf"}, "'output_mode' is 'tf_idf'; allowed"),
        ({"dtype": "float32"}, "'dtype' is 'float32'; allowed: 'int64' or 'int32'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        Hashing(**{"num_bins": 3, **arguments})
