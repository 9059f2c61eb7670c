"""Rounded values are the doubles nearest to their texts, however many are rounded together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from kplug_numbers.recipes.recorder import round_values
from numpy.typing import NDArray

_RNG = np.random.default_rng(7)
_SIGNS = _RNG.choice([-1.0, 1.0], 2000)
_WHOLE = _RNG.integers(10**9, 10**10, 2000)
# Neighbours of the powers of ten, and what is about to be rounded up to one.
_POWERS = [
    float(f"{digits}e{power}") * (1 + steps * 2.0**-52)
    for power in range(-30, 33)
    for digits in ("1", "9.9999999995", "9.999995", "9.9999999999")
    for steps in (-2, -1, 0, 1, 2)
]
VALUES = {
    "of any bits": _RNG.integers(0, 2**64, 2000, dtype=np.uint64).view(np.float64),
    "of any size": _RNG.normal(size=2000) * 10.0 ** _RNG.integers(-30, 30, 2000),
    "of float32": _RNG.normal(size=2000).astype(np.float32).astype(np.float64),
    "between two texts": _SIGNS * (_WHOLE + 0.5) * 1e-9,
    "between two short texts": _SIGNS * (_WHOLE // 10**4 + 0.5) * 1e-5,
    "near powers of ten": np.array(_POWERS),
    "special": np.array([0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.7e308] * 10),
    "few": np.array([1 / 3, -2e-7, 0.0]),
}


@pytest.mark.parametrize("digits", [10, 6])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_values_are_rounded_as_texts_are(values: NDArray[np.float64], digits: int) -> None:
    texts = [float(f"{value:.{digits}g}") for value in values.tolist()]
    assert list(map(repr, round_values(values, digits))) == list(map(repr, texts))
