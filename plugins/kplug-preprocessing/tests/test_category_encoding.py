"""Vectors of categories against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from kplug_preprocessing.layers import CategoryEncoding

import kplug
from kplug.errors import ArgumentValueError, DataError

INPUTS: list[Any] = [[3, 2, 0, 1], [[0, 1], [0, 0], [1, 2]], [[3], [0]], [[[0, 1, 3]], [[2, 2, 2]]]]


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count", "binary"])
@pytest.mark.parametrize("x", INPUTS)
def test_outputs(mode: str, x: Any) -> None:
    ours, theirs = CategoryEncoding(4, mode), keras.layers.CategoryEncoding(4, mode)
    expected = theirs(torch.tensor(x))
    torch.testing.assert_close(ours(torch.tensor(x)), expected)
    if expected.ndim < 3 and np.ndim(x) > 1:
        assert ours.compute_output_shape((None, *np.shape(x)[1:])) == (None, *expected.shape[1:])
    assert CategoryEncoding.from_config(theirs.get_config()).output_mode == ours.output_mode


def test_weights() -> None:
    x, weights = torch.tensor([[0, 1], [1, 1]]), np.array([[0.1, 0.2], [0.3, 0.4]], "float32")
    ours, theirs = CategoryEncoding(4, "count"), keras.layers.CategoryEncoding(4, "count")
    made = ours(x, count_weights=weights)
    torch.testing.assert_close(made, theirs(x, count_weights=weights))
    with pytest.raises(DataError, match="was given count_weights, its output_mode is 'multi_hot'"):
        CategoryEncoding(4)(x, count_weights=weights)


def test_in_a_model() -> None:
    model = kplug.Sequential(
        [kplug.Input((3,), dtype="int32"), CategoryEncoding(4), kplug.layers.Dense(2)]
    )
    assert model.predict(np.array([[0, 1, 3]]), verbose=0).shape == (1, 2)


@pytest.mark.parametrize(("value", "shown"), [(4, "4"), (-1, "-1")])
def test_numbers_that_are_no_category(value: int, shown: str) -> None:
    with pytest.raises(DataError, match=f"encodes the numbers 0 to 3, got {shown}"):
        CategoryEncoding(4)(torch.tensor([[0, value]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_tokens": 0}, "'num_tokens' is 0; allowed: an integer >= 1"),
        ({"num_tokens": 2, "output_mode": "int"}, "'output_mode' is 'int'; allowed"),
        ({"num_tokens": 2, "sparse": True}, "'sparse' is True; allowed: False"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError, match=message):
        CategoryEncoding(**arguments)


@pytest.mark.parametrize("wrong", [0.5, float("nan"), -float("inf")])
def test_fractions_are_refused_and_floats_may_hold_integers(wrong: float) -> None:
    layer = CategoryEncoding(4, "one_hot")
    for numbers in (np.array([1.0, wrong]), torch.tensor([1.0, wrong])):
        with pytest.raises(DataError, match=rf"picks by whole numbers, got {wrong}"):
            layer(numbers)
    assert torch.equal(layer(np.array([1.0, 0.0])), layer(np.array([1, 0])))
