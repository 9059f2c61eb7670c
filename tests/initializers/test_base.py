"""`Initializer` gives its subclasses a configuration, and checks the shapes that they get."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kplug.errors import ArgumentError, ArgumentValueError
from kplug.initializers import Initializer
from kplug.initializers.base import as_shape


class Filled(Initializer):
    """Keeps its arguments."""

    def __init__(self, value: float = 0.0, seed: Any = None) -> None:
        self.value = value
        self.seed = seed

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        return torch.full(as_shape(self, shape), self.value)


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ([2, 3], (2, 3)),
        (torch.Size([4]), (4,)),
        (5, (5,)),
        ((np.int64(2), 0), (2, 0)),
        (np.array([3, 1]), (3, 1)),
        ((), ()),
    ],
    ids=repr,
)
def test_a_shape_becomes_a_tuple_of_ints(shape: Any, sizes: tuple[int, ...]) -> None:
    made = as_shape("filled", shape)
    assert made == sizes
    assert all(type(size) is int for size in made)


@pytest.mark.parametrize("shape", [(2, -1), (None, 3), 2.0, (2.0,), "ab", None], ids=repr)
def test_a_shape_of_anything_but_sizes_is_refused(shape: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"shape.*integers >= 0, one for each dimension"):
        as_shape("filled", shape)


def test_a_subclass_is_made_again_from_its_configuration() -> None:
    config = Filled(2.5, seed=3).get_config()
    assert config == {"value": 2.5, "seed": 3}
    again = Filled.from_config(config)
    assert repr(again) == "Filled(value=2.5, seed=3)"
    assert again((1, 2)).tolist() == [[2.5, 2.5]]


def test_a_generator_is_written_with_the_seed_it_started_from() -> None:
    generator = torch.Generator().manual_seed(11)
    torch.rand(3, generator=generator)
    seed = Filled(seed=generator).get_config()["seed"]
    assert (seed["class_name"], seed["config"]) == ("SeedGenerator", {"seed": 11})


def test_a_key_that_is_no_argument_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"filled.*'amount'"):
        Filled.from_config({"amount": 1.0})


def test_an_initializer_without_values_cannot_be_made() -> None:
    with pytest.raises(TypeError, match=r"abstract.*Initializer"):
        Initializer()  # type: ignore[abstract]
