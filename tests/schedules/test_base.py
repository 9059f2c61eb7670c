"""`LearningRateSchedule` gives its subclasses a configuration, and refuses unknown keys in it."""

from __future__ import annotations

import pytest

from kplug.errors import ArgumentError
from kplug.schedules import LearningRateSchedule


class Halving(LearningRateSchedule):
    """Halves the rate at every step.

    Args:
        start: The rate at step 0.
    """

    def __init__(self, start: float, name: str = "halving") -> None:
        self.start = start
        self.name = name

    def __call__(self, step: int) -> float:
        return self.start * 0.5**step


class Unwritten(LearningRateSchedule):
    """Has no rate."""


def test_a_schedule_without_a_rate_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"^Unwritten does not define __call__\(step\)$"):
        Unwritten()(0)


def test_a_subclass_is_made_again_from_its_configuration() -> None:
    config = Halving(0.5).get_config()
    assert config == {"start": 0.5, "name": "halving"}
    again = Halving.from_config(config)
    assert repr(again) == "Halving(start=0.5, name='halving')"
    assert [again(step) for step in range(3)] == [0.5, 0.25, 0.125]


def test_a_key_that_is_no_argument_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"halving.*'begin'"):
        Halving.from_config({"begin": 0.5})


def test_shared_arguments_are_described_next_to_a_class_s_own() -> None:
    text = Halving.__doc__ or ""
    assert "start: The rate at step 0." in text
    assert "name: Kept for the configuration; nothing else uses it." in text
    assert "staircase" not in text
