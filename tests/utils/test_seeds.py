"""Seeds: all generators at once."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
import torch

from kplug.errors import ArgumentValueError
from kplug.utils import set_random_seed


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
