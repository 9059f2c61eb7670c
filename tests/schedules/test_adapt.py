"""Objects accepted as schedules, and objects refused."""

from __future__ import annotations

import pytest

from kplug.errors import ContractError
from kplug.schedules import ExponentialDecay
from kplug.schedules.adapt import CurrentRate, as_schedule


class Halving:
    """A schedule that is no subclass of kplug's."""

    def __init__(self, start: float = 0.8) -> None:
        self.start = start

    def __call__(self, step: int) -> float:
        return self.start * 0.5**step


def test_a_function_of_the_step_is_kept() -> None:
    def rate(step: int) -> float:
        return 1.0 / (1 + step)

    assert as_schedule(rate) is rate


def test_a_class_stands_for_the_instance_made_without_arguments() -> None:
    made = as_schedule(Halving)
    assert isinstance(made, Halving)
    assert [made(step) for step in range(3)] == [0.8, 0.4, 0.2]


def test_a_function_of_nothing_is_asked_at_every_step() -> None:
    rates = iter([1, 0.5])
    made = as_schedule(lambda: next(rates))
    assert isinstance(made, CurrentRate)
    first, second = made(0), made(0)
    assert (first, second) == (1.0, 0.5)
    assert type(first) is float


def test_a_function_that_takes_a_step_or_nothing_gets_the_step() -> None:
    def rate(step: int = 100) -> float:
        return float(step)

    assert as_schedule(rate)(3) == 3.0


def test_what_is_no_function_of_one_step_is_refused() -> None:
    def rate(step: int, total: int) -> float:
        return step / total

    with pytest.raises(ContractError, match=r"the schedule rate takes .*total.*, not one step"):
        as_schedule(rate)
    with pytest.raises(ContractError, match=r"^0\.1 \(a float\) is no schedule"):
        as_schedule(0.1)
    with pytest.raises(
        ContractError, match=r"cannot be used as a schedule: .*'initial_learning_rate'"
    ):
        as_schedule(ExponentialDecay)
