"""Every planted defect fails the right check; correct but unusual components pass."""

from __future__ import annotations

import pytest

from kplug.registry.kinds import BUILT_IN_KINDS
from tests.plugins.correct_components import CORRECT, Correct
from tests.plugins.planted_defects import DEFECTS, find_failures
from tests.plugins.planted_defects.table import Defect

# Their checks train for many steps, or in all dtypes and modes.
LONG = {"callback", "layer", "optimizer"}
PLANTED = [
    pytest.param(kind, defect, id=f"{kind}-{defect}", marks=[pytest.mark.slow] * (kind in LONG))
    for kind, defects in DEFECTS.items()
    for defect in defects
]


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "defect"), PLANTED)
def test_a_defect_is_blamed_on_its_check(kind: str, defect: Defect) -> None:
    failures = find_failures(kind, defect.component, defect.example)
    assert defect.check in failures, defect.why
    assert failures.keys() <= {defect.check, *defect.also}, failures


@pytest.mark.sampled
@pytest.mark.parametrize(
    "correct",
    [
        pytest.param(case, id=str(case), marks=[pytest.mark.slow] * (case.kind in LONG))
        for case in CORRECT
    ],
)
def test_what_is_right_is_left_alone(correct: Correct) -> None:
    assert find_failures(correct.kind, correct.component, correct.example) == {}


@pytest.mark.parametrize("kind", DEFECTS)
def test_the_table_has_enough_of_each_kind(kind: str) -> None:
    names = [defect.name for defect in DEFECTS[kind]]
    assert len(names) == len(set(names)) >= 8
    assert sum(correct.kind == kind for correct in CORRECT) == 6


def test_the_tables_are_as_long_as_they_say() -> None:
    assert DEFECTS.keys() == BUILT_IN_KINDS.keys()
    assert sum(map(len, DEFECTS.values())) >= 100
    assert len(CORRECT) == 60
    assert sum(bool(correct.example.leave_out) for correct in CORRECT) <= 5
