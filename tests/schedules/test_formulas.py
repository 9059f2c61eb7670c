"""Every schedule against Keras's, step by step."""

from __future__ import annotations

import json
from typing import Any

import keras
import pytest

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
