"""Schedules at steps and with numbers where Python's arithmetic raises, beside Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kplug import schedules
from kplug.errors import ArgumentValueError
from kplug.schedules.arithmetic import ceil, divide, floor, power

CASES: list[tuple[str, tuple[Any, ...]]] = [
    ("CosineDecay", (0.1, 10)),
    ("CosineDecay", (0.1, 10, 0.0, "x", 0.2, 5)),
    ("CosineDecay", (0.1, 10, 0.0, "x", 0.2, 0)),
    ("CosineDecayRestarts", (0.1, 10)),
    ("CosineDecayRestarts", (0.1, 10, 1.0)),
    ("CosineDecayRestarts", (0.1, 10, 2.0, 2.0)),
    ("ExponentialDecay", (0.1, 10, 0.5)),
    ("ExponentialDecay", (0.1, 10, 2.0, True)),
    ("ExponentialDecay", (0.1, 10, 0.0)),
    ("ExponentialDecay", (0.1, 10, -1.0)),
    ("ExponentialDecay", (0.1, 10, -2.0, True)),
    ("InverseTimeDecay", (0.1, 10, 1.0)),
    ("InverseTimeDecay", (0.1, 10, -1.0)),
    ("InverseTimeDecay", (0.1, 10, 1.0, True)),
    ("PiecewiseConstantDecay", ([10, 20], [0.1, 0.2, 0.3])),
    ("PolynomialDecay", (0.1, 10)),
    ("PolynomialDecay", (0.1, 10, 0.01, -1)),
    ("PolynomialDecay", (0.1, 10, 0.01, 0.5)),
    ("PolynomialDecay", (0.1, 10, 0.01, 2.0, True)),
]
STEPS = [0, 1, 10, 25, 10**6, 10**9, -1, -10, -25, -(10**6), float("inf")]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:__array__:DeprecationWarning")
def test_every_step_has_the_rate_of_keras(name: str, arguments: tuple[Any, ...]) -> None:
    ours = getattr(schedules, name)(*arguments)
    theirs = getattr(keras.optimizers.schedules, name)(*arguments)
    for step in STEPS:
        expected = float(keras.ops.convert_to_numpy(theirs(step)))
        # Keras computes in float32, whose cosine of a large angle has few digits.
        np.testing.assert_allclose(ours(step), expected, rtol=2e-3, atol=1e-6, err_msg=str(step))


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize("step", [None, "abc", [1], np.arange(3), {}, 10**400])
def test_what_is_no_step_is_refused(name: str, arguments: tuple[Any, ...], step: Any) -> None:
    with pytest.raises(ArgumentValueError, match=r"'step' is .*; allowed: the number of a step"):
        getattr(schedules, name)(*arguments)(step)


def test_infinities_and_nan_are_those_of_floats() -> None:
    assert power(-2.0, 10**6 + 1) == -np.inf
    assert power(0.0, -1.0) == np.inf
    assert np.isnan(power(-1.0, 0.5))
    assert divide(-1.0, 0.0) == -np.inf
    assert np.isnan(divide(0.0, 0.0))
    assert (floor(-0.5), ceil(-0.5), floor(np.inf), ceil(-np.inf)) == (-1, 0, np.inf, -np.inf)
