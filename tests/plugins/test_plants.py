"""The kit finds as many plants as its page says, and blames no correct component."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugins.plants import CORRECT, PLANTED, Plant

PAGE = Path(__file__).parents[2] / "docs" / "plugins" / "contract.md"


@pytest.mark.slow
@pytest.mark.parametrize("plant", CORRECT, ids=str)
def test_what_is_right_is_left_alone(plant: Plant) -> None:
    assert plant.find_failures() == {}


@pytest.mark.slow
@pytest.mark.parametrize("is_held_back", [False, True])
def test_the_page_has_the_score(is_held_back: bool) -> None:
    plants = [plant for plant in PLANTED if plant.is_held_back is is_held_back]
    found = sum(plant.is_found for plant in plants)
    written, count = read_row("held back" if is_held_back else "looked at")
    assert count == len(plants)
    assert abs(found - written) <= 2  # a few depend on how a processor rounds halves


def test_the_page_counts_the_plants() -> None:
    assert read_row("looked at")[1] + read_row("held back")[1] == len(PLANTED)
    assert read_row("correct components blamed") == (0, len(CORRECT))


def read_row(name: str) -> tuple[int, int]:
    """Return two numbers of the table."""
    row = re.search(rf"^\| {name} \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert row is not None
    return int(row[1]), int(row[2])
