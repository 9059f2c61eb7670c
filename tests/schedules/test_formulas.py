"""Every schedule against Keras's, step by step."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from kplug import schedules

CASES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 8, "decay_rate": 0.9, "staircase": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 8, "decay_rate": 0.5, "staircase": True},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 16, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 16, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [4, 9], "values": [1.0, 0.5, 0.1]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.01, "decay_steps": 20, "warmup_target": 0.3, "warmup_steps": 6},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 4}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.0, "alpha": 0.1},
    ),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 3, "t_mul": 1.5, "m_mul": 0.8},
    ),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_forty_steps(name: str, arguments: dict[str, Any]) -> None:
    ours = getattr(schedules, name)(**arguments)
    peer = getattr(keras.optimizers.schedules, name)(**arguments)
    expected = [float(peer(step)) for step in range(40)]
    assert [ours(step) for step in range(40)] == pytest.approx(expected, rel=2e-6, abs=1e-8)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_config_is_kerass(name: str, arguments: dict[str, Any]) -> None:
    ours = getattr(schedules, name)(**arguments)
    peer = getattr(keras.optimizers.schedules, name)(**arguments)
    assert ours.get_config() == peer.get_config()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_the_config_survives_json(name: str, arguments: dict[str, Any]) -> None:
    schedule_class = getattr(schedules, name)
    config = schedule_class(**arguments).get_config()
    again = schedule_class.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert again(3) == schedule_class(**arguments)(3)


@pytest.mark.parametrize("t_mul", [1.0, 1.1, 1.5, 2.0, 3.0])
def test_restarts_fall_on_whole_periods(t_mul: float) -> None:
    schedule = schedules.CosineDecayRestarts(1.0, first_decay_steps=1.0, t_mul=t_mul)
    begin, length = 0.0, 1.0
    for _ in range(12):
        assert schedule(begin + length * 1e-6) == pytest.approx(1.0, abs=1e-9)  # type: ignore[arg-type]
        begin, length = begin + length, length * t_mul
        assert schedule(begin - length * 1e-6) == pytest.approx(0.0, abs=1e-9)  # type: ignore[arg-type]


def test_a_long_training_stays_finite() -> None:
    schedule = schedules.CosineDecayRestarts(0.1, first_decay_steps=10)
    assert 0.0 <= schedule(10**9) <= 0.1


def test_no_boundaries_are_one_constant_rate() -> None:
    assert schedules.PiecewiseConstantDecay([], [0.25])(7) == 0.25


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_keras_reads_what_is_serialized(name: str, arguments: dict[str, Any]) -> None:
    schedule = getattr(schedules, name)(**arguments)
    peer = keras.optimizers.schedules.deserialize(schedules.serialize(schedule))
    assert peer.get_config() == schedule.get_config()
    again = schedules.deserialize(keras.optimizers.schedules.serialize(peer))
    assert again.get_config() == schedule.get_config()


RATE = st.floats(1e-5, 10.0)
STEP = st.integers(0, 10_000)
LENGTH = st.floats(1.0, 5000.0)


@settings(max_examples=30, deadline=None)
@given(rate=RATE, step=STEP, length=LENGTH, factor=st.floats(0.1, 1.0), whole=st.booleans())
def test_decays_in_float64(
    rate: float, step: int, length: float, factor: float, whole: bool
) -> None:
    periods = np.floor(step / length) if whole else step / length
    exponential = schedules.ExponentialDecay(rate, length, factor, staircase=whole)
    assert exponential(step) == pytest.approx(rate * factor**periods, rel=1e-12)
    inverse = schedules.InverseTimeDecay(rate, length, factor, staircase=whole)
    assert inverse(step) == pytest.approx(rate / (1 + factor * periods), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(rate=RATE, end=RATE, step=STEP, length=LENGTH, power=st.floats(0.5, 3.0))
def test_polynomials_in_float64(
    rate: float, end: float, step: int, length: float, power: float
) -> None:
    schedule = schedules.PolynomialDecay(rate, length, end, power)
    rest = 1 - min(step, length) / length
    assert schedule(step) == pytest.approx((rate - end) * rest**power + end, rel=1e-12, abs=1e-15)
    cycled = schedules.PolynomialDecay(rate, length, end, power, cycle=True)
    rest = 1 - step / (length * max(1.0, np.ceil(step / length)))
    expected = (rate - end) * rest**power + end
    assert cycled(step) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(rate=RATE, step=STEP, length=LENGTH, alpha=st.floats(0.0, 1.0), warmup=st.integers(0, 100))
def test_cosines_in_float64(
    rate: float, step: int, length: float, alpha: float, warmup: int
) -> None:
    def wave(position: float) -> float:
        return float((1 - alpha) * 0.5 * (1 + np.cos(np.pi * position / length)) + alpha)

    plain = schedules.CosineDecay(rate, length, alpha)
    assert plain(step) == pytest.approx(rate * wave(min(step, length)), rel=1e-12)
    warmed = schedules.CosineDecay(0.0, length, alpha, warmup_target=rate, warmup_steps=warmup)
    expected = rate * (step / warmup if step < warmup else wave(min(step - warmup, length)))
    assert warmed(step) == pytest.approx(expected, rel=1e-12, abs=1e-15)
