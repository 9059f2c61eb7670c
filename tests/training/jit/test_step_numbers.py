"""Numbers of a rule that differ from step to step, told from those that stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch

from kplug.training.jit.step_numbers import RuleNumbers, holds_values


def plan(group: dict[str, Any], step: int) -> Any:
    return (
        group["lr"] * step,
        group["beta"],
        (None, 1.0 - group["beta"] ** step),
        "text",
        step < 100,
    )


def test_changing_numbers_are_told_from_constants() -> None:
    rule, group = RuleNumbers(plan), {"lr": 0.5, "beta": 0.9}
    numbers: list[float] = []
    constants, structure = rule.plan(group, 1, 0.25, numbers)
    assert numbers == pytest.approx([0.25, 0.25, 0.1])
    assert 0.9 in constants
    assert "text" in constants
    assert True in constants
    assert group == {"lr": 0.5, "beta": 0.9}
    assert rule.rebuild(structure, iter("abc")) == ("a", ("b", 0.9, (None, "c"), "text", True))


def test_later_steps_have_the_same_constants() -> None:
    rule, group = RuleNumbers(plan), {"lr": 0.5, "beta": 0.9}
    first, _ = rule.plan(group, 1, 0.5, [])
    second, _ = rule.plan(group, 7, 0.03, [])
    third, _ = rule.plan(group, 100, 0.03, [])
    assert first == second
    assert third != second  # step < 100


def test_a_constant_that_is_changed_is_a_number_from_then_on() -> None:
    rule, group = RuleNumbers(plan), {"lr": 0.5, "beta": 0.9}
    rule.plan(group, 1, 0.5, [])
    group["beta"] = 0.8
    numbers: list[float] = []
    constants, _ = rule.plan(group, 2, 0.5, numbers)
    group["beta"] = 0.7
    again, _ = rule.plan(group, 3, 0.5, [])
    assert 0.8 in numbers
    assert constants == again


class Pair(NamedTuple):
    rate: Any
    beta: float


@dataclass(frozen=True)
class Rates:
    rate: float


def test_plans_may_be_dicts_and_named_tuples() -> None:
    rule = RuleNumbers(lambda group, step: {"inner": Pair(group["lr"] * step, 0.9), "text": "a"})
    numbers: list[float] = []
    constants, structure = rule.plan({"lr": 0.5}, 2, 0.5, numbers)
    assert numbers == [0.5, 1.0]
    assert 0.9 in constants
    assert rule.rebuild(structure, iter("xy")) == ("x", {"inner": Pair("y", 0.9), "text": "a"})


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ((0.5, 1, True, None, "text", [0.5], {"a": Pair(0.5, 0.9)}), True),
        ((0.5, torch.ones(())), False),
        ({"rates": Rates(0.5)}, False),
        ([{0.5}], False),
    ],
)
def test_plans_of_other_objects_are_known(plan: Any, expected: bool) -> None:
    assert holds_values(plan) is expected
