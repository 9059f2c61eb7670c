"""The last part of the samples is held out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from kplug.errors import ArgumentValueError, DataError
from kplug.models import Model
from kplug.training.data.samples import Samples, as_samples
from kplug.training.data.validation_data import split_samples

ANY = Model(name="any")  # knows no inputs, and has one output without a name


@given(st.integers(2, 60), st.floats(0.01, 0.99))
@settings(max_examples=40, deadline=None)
def test_the_last_part_is_split_off(count: int, fraction: float) -> None:
    samples = as_samples(ANY, "fit", np.arange(count), np.arange(count))
    split = int(np.floor(count * (1 - fraction)))
    if split in (0, count):
        with pytest.raises(DataError, match="part empty"):
            split_samples(samples, fraction)
        return
    first, last = split_samples(samples, fraction)
    assert first.x.tolist() == list(range(split))
    assert last.x.tolist() == list(range(split, count))


def test_an_empty_validation_part_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        split_samples(as_samples(ANY, "fit", np.zeros((1, 3))), 0.5)
    assert str(caught.value) == (
        "fit: validation_split=0.5 of 1 samples leaves the training part empty\n"
        "  Choose another fraction, or pass validation_data."
    )
    with pytest.raises(ArgumentValueError) as out_of_range:
        split_samples(as_samples(ANY, "fit", np.zeros((4, 3))), 1.5)
    assert str(out_of_range.value) == (
        "fit: argument 'validation_split' is 1.5; allowed: a number > 0 and < 1"
    )


def test_a_validation_split_that_is_no_number_is_refused() -> None:
    samples = as_samples(ANY, "fit", np.zeros((4, 3)))
    with pytest.raises(ArgumentValueError, match="validation_split"):
        split_samples(samples, "0.2")  # type: ignore[arg-type]


def test_samples_are_split_in_every_array() -> None:
    samples = Samples([torch.arange(4), torch.arange(4)], [torch.arange(4), None])
    first, last = split_samples(samples, 0.25)
    assert (len(first), len(last)) == (3, 1)
    assert [array.tolist() for array in last.x] == [[3], [3]]
    assert last.y[1] is None
