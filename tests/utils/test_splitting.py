"""A dataset in two parts, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError, DataError
from kplug.utils import split_dataset

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def read(part: Any) -> list[int]:
    """Return the last array of a part."""
    return [int(part[index][-1]) for index in range(len(part))]


@pytest.mark.parametrize(
    "sizes",
    [{"left_size": 0.75}, {"right_size": 3}, {"left_size": 4, "right_size": 6}],
    ids=str,
)
def test_parts_are_as_large_as_those_of_keras(sizes: dict[str, Any]) -> None:
    theirs = keras.utils.split_dataset([X, Y], preferred_backend="torch", **sizes)
    left, right = split_dataset([X, Y], **sizes)
    assert (len(left), len(right)) == (len(theirs[0]), len(theirs[1]))
    assert read(left) + read(right) == list(range(10))


def test_samples_may_be_left_out_between_the_parts() -> None:
    left, right = split_dataset([X, Y], left_size=0.25, right_size=0.5)
    assert (read(left), read(right)) == ([0, 1], [5, 6, 7, 8, 9])


def test_a_dataset_of_torch_is_split() -> None:
    left, right = split_dataset(torch.utils.data.TensorDataset(torch.tensor(Y)), right_size=2)
    assert read(right) == [8, 9]
    assert len(left) == 8


def test_a_seed_repeats_the_order() -> None:
    def draw(seed: int) -> list[int]:
        left, right = split_dataset(Y, left_size=5, shuffle=True, seed=seed)
        return read(left) + read(right)

    assert draw(1) == draw(1) != draw(2)
    assert sorted(draw(1)) == list(range(10)) != draw(1)


@pytest.mark.parametrize(
    ("sizes", "argument"),
    [
        ({}, "left_size"),
        ({"left_size": 1.0}, "left_size"),
        ({"right_size": 10}, "right_size"),
        ({"left_size": 0}, "left_size"),
    ],
    ids=str,
)
def test_sizes_out_of_their_range_are_refused(sizes: dict[str, Any], argument: str) -> None:
    with pytest.raises(ArgumentValueError, match=f"split_dataset: argument '{argument}'"):
        split_dataset(Y, **sizes)


def test_parts_larger_than_the_whole_are_refused() -> None:
    with pytest.raises(DataError, match="6 and 5 samples are more than all 10"):
        split_dataset(Y, left_size=6, right_size=5)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match=r"different numbers of samples: \[10, 9\]"):
        split_dataset([X, Y[:9]], left_size=2)
