"""The contract of schedules: objects accepted and refused, and arguments outside their range."""

from __future__ import annotations

from typing import Any

import pytest

from kplug import schedules
from kplug.errors import ArgumentValueError, ContractError
from kplug.registry import resolve

NAMES = [
    ("exponential_decay(0.1, 10, 0.5)", "ExponentialDecay"),
    ("inverse_time_decay(0.1, 10, 0.5)", "InverseTimeDecay"),
    ("piecewise_constant_decay([10], [0.1, 0.01])", "PiecewiseConstantDecay"),
    ("polynomial_decay(0.1, 10)", "PolynomialDecay"),
    ("cosine_decay(0.1, 10)", "CosineDecay"),
    ("cosine_decay_restarts(0.1, 10)", "CosineDecayRestarts"),
    ("CosineDecay(0.1, 10)", "CosineDecay"),
]


@pytest.mark.parametrize(("spec", "class_name"), NAMES)
def test_names(spec: str, class_name: str) -> None:
    resolved = resolve("schedule", spec)
    assert type(resolved.object) is getattr(schedules, class_name)
    assert resolved.component.origin.distribution == "kplug"
    assert resolved.object(0) == 0.1


BAD: list[tuple[str, dict[str, Any], str]] = [
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5},
        "exponential_decay: argument 'decay_steps' is 0; allowed: a finite number > 0",
    ),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": "x", "decay_steps": 1, "decay_rate": 0.5},
        "inverse_time_decay: argument 'initial_learning_rate' is 'x'; allowed: a finite number",
    ),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": -5},
        "polynomial_decay: argument 'decay_steps' is -5; allowed: a finite number > 0",
    ),
    (
        "PiecewiseConstantDecay",
        {"boundaries": [5, 5], "values": [1.0, 0.5, 0.1]},
        "piecewise_constant_decay: argument 'boundaries' is [5, 5]; allowed: strictly increasing steps",
    ),
    (
        "PiecewiseConstantDecay",
        {"boundaries": [5], "values": [1.0]},
        "piecewise_constant_decay: argument 'values' is [1.0]; allowed: 2 rates, one more than there "
        "are boundaries",
    ),
    (
        "PiecewiseConstantDecay",
        {"boundaries": range(100_001), "values": range(100_002)},
        "piecewise_constant_decay: argument 'boundaries' is '100001 steps'; allowed: at most 100000 steps",
    ),
    (
        "CosineDecay",
        {"initial_learning_rate": float("nan"), "decay_steps": 5},
        "cosine_decay: argument 'initial_learning_rate' is nan; allowed: a finite number",
    ),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 5, "warmup_steps": -1},
        "cosine_decay: argument 'warmup_steps' is -1; allowed: a finite number >= 0",
    ),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 0.5},
        "cosine_decay_restarts: argument 't_mul' is 0.5; allowed: a finite number >= 1",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "message"), BAD)
def test_values_outside_their_range(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentValueError) as caught:
        getattr(schedules, name)(**arguments)
    assert str(caught.value) == message


class Constant(schedules.LearningRateSchedule):
    def __init__(self, rate: float = 0.5) -> None:
        self.rate = rate

    def __call__(self, step: int) -> float:
        return self.rate


@pytest.mark.parametrize("given", [Constant(), Constant, lambda step: 0.5, lambda: 0.5])
def test_what_is_accepted(given: object) -> None:
    assert schedules.as_schedule(given)(3) == 0.5


def test_an_instance_is_kept() -> None:
    schedule = Constant()
    assert schedules.get(schedule) is schedule


REFUSED: list[tuple[object, str]] = [
    (0.1, "0.1 (a float) is no schedule"),
    (lambda step, epoch: 0.1, "the schedule <lambda> takes (step, epoch), not one step"),
    (
        schedules.CosineDecay,
        "CosineDecay(initial_learning_rate, decay_steps, alpha=0.0, name='CosineDecay', "
        "warmup_target=None, warmup_steps=0) cannot be used as a schedule: missing a required "
        "argument: 'initial_learning_rate'",
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        schedules.as_schedule(given)
    assert str(caught.value).splitlines()[0] == message


def test_a_subclass_gets_its_config_from_its_signature() -> None:
    assert Constant(0.25).get_config() == {"rate": 0.25}
    assert repr(Constant.from_config({"rate": 0.25})) == "Constant(rate=0.25)"
