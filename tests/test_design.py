"""The design page names only what is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text()
ROWS = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .*? \| `([\w/.]+)` \|$", PAGE, re.MULTILINE)
LAYOUT = PAGE.partition("kplug/\n├")[2].partition("plugins/")[0]
PACKAGE_FILES = {path.name for path in (ROOT / "kplug").iterdir() if not path.name.startswith("__")}


@pytest.mark.parametrize(("nouns", "place"), ROWS, ids=[row[0] for row in ROWS])
def test_every_noun_lives_where_the_table_says(nouns: str, place: str) -> None:
    module = importlib.import_module(
        "kplug." + place.removesuffix(".py").strip("/").replace("/", ".")
    )
    for noun in re.findall(r"`(\w+)`", nouns):
        assert hasattr(module, noun)


def test_the_layout_names_every_part_of_the_package() -> None:
    named = set(re.findall(r"(\w+)(?:/|\.py)", LAYOUT))
    assert {name.removesuffix(".py") for name in PACKAGE_FILES} - {"py.typed"} == named
