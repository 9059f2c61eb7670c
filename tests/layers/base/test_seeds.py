"""The seed of a layer and the generator that it starts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.layers.base.seeds import make_seeded_generator


def test_a_seed_starts_the_draws_of_torch() -> None:
    number, generator = make_seeded_generator("dropout", 7)
    expected = torch.rand(5, generator=torch.Generator().manual_seed(7))
    assert number == 7
    assert torch.equal(torch.rand(5, generator=generator), expected)


def test_no_seed_leaves_the_draws_to_torch() -> None:
    assert make_seeded_generator("dropout", None) == (None, None)


def test_a_whole_number_of_numpy_becomes_a_plain_one() -> None:
    number, generator = make_seeded_generator("dropout", np.int64(3))
    assert type(number) is int
    assert generator is not None
    assert generator.initial_seed() == 3


def test_a_negative_seed_starts_where_its_lowest_32_bits_do() -> None:
    number, generator = make_seeded_generator("dropout", -1)
    assert number == -1
    assert generator is not None
    assert generator.initial_seed() == 4294967295


@pytest.mark.parametrize("seed", [1.0, "1", True])
def test_something_else_is_refused(seed: object) -> None:
    with pytest.raises(
        ArgumentValueError, match=r"dropout: argument 'seed' .* allowed: an integer, or None"
    ):
        make_seeded_generator("dropout", seed)
