"""Levels: what belongs to which, and what a component has reached."""

from __future__ import annotations

import pytest
from kplug_authoring.levels import LEVELS, Level, Rule, find_standing
from kplug_authoring.suites import SUITES, list_checks, select_checks

from kplug import get_kind

BRONZE, SILVER, GOLD = (
    [Rule("made", "bronze", "kept")],
    [Rule("zero", "silver", "left out")],
    [Rule("half", "gold", "kept")],
)


@pytest.mark.parametrize(
    ("rules", "level", "missing"),
    [
        ([], None, []),
        ([Rule("made", "bronze", "broken")], None, ["made"]),
        (BRONZE, "bronze", []),
        ([*BRONZE, Rule("zero", "silver", "not run")], "bronze", ["zero"]),
        ([*BRONZE, *SILVER], "silver", []),
        ([*BRONZE, *SILVER, Rule("half", "gold", "broken")], "silver", ["half"]),
        ([*BRONZE, Rule("zero", "silver", "broken"), *GOLD], "bronze", ["zero"]),
        ([*GOLD, *SILVER, *BRONZE], "gold", []),
    ],
)
def test_a_level_is_reached_with_all_rules_of_it_and_of_those_below(
    rules: list[Rule], level: Level | None, missing: list[str]
) -> None:
    found = find_standing(rules)
    assert (found.level, [rule.name for rule in found.missing]) == (level, missing)


@pytest.mark.parametrize("kind", SUITES)
def test_each_kind_has_rules_of_each_level(kind: str) -> None:
    checks = select_checks(get_kind(kind), "gold")
    assert {check.level for check in checks} == set(LEVELS)
    assert [check.name for check in checks if check.level == "bronze"] == ["made", "config"]
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)


def test_gold_asks_for_half_types_memory_and_what_takes_long() -> None:
    gold = set(list_checks("loss", "gold")) - set(list_checks("loss", "silver"))
    contexts = {"argument_values", "other_inputs", "input_sizes", "more_samples"}
    assert gold - contexts == {"half", "memory", "compiled", "processes", "numbers", "reference"}
    assert not {"compiled", "processes", "numbers", "reference"} & set(list_checks("loss"))
    assert set(list_checks("loss", "bronze")) == {"made", "config"}
