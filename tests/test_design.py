"""The design page names only what is there, and where it is."""

from __future__ import annotations

import importlib.util
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kplug.registry.installed.entry_point_groups import MODULE_GROUP
from kplug.registry.lifecycle import LIFECYCLE_GROUP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kplug"
PAGE = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| .*? \| `([\w/.]+)` \|$", PAGE, re.MULTILINE)
LAYOUT, _, BESIDE = PAGE.partition("kplug/\n├")[2].partition("```")[0].partition("plugins/")
PATHS = sorted(set(re.findall(r"`((?:\w+/)*(?:\w+/|\w+\.py|\w+\.md))`", PAGE)))
NAMES = sorted(set(re.findall(r"`@?(kplug(?:\.\w+)+)", PAGE)) - {MODULE_GROUP, LIFECYCLE_GROUP})


@pytest.mark.parametrize(("nouns", "place"), ROWS, ids=[row[0] for row in ROWS])
def test_every_noun_is_defined_where_the_table_says(nouns: str, place: str) -> None:
    module = "kplug." + place.removesuffix(".py").strip("/").replace("/", ".")
    for noun in re.findall(r"`(\w+)`", nouns):
        home = getattr(importlib.import_module(module), noun).__module__
        assert home == module if place.endswith(".py") else home.startswith(f"{module}.")


@pytest.mark.parametrize("path", PATHS)
def test_every_path_is_that_of_a_file_or_of_a_folder(path: str) -> None:
    found = [folder / path for folder in (ROOT, PACKAGE) if (folder / path).exists()]
    if "/" not in path:  # a file that the sentence around it places
        found = list(PACKAGE.rglob(path))
    assert len(found) == 1
    assert found[0].is_file() == path.endswith((".py", ".md"))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_kplug_is_one(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert importlib.util.find_spec(name) or hasattr(importlib.import_module(module), attribute)


def test_the_layout_names_every_part_of_the_package() -> None:
    # A folder without modules is what Python's cache leaves of one that has moved.
    parts = [path for path in PACKAGE.iterdir() if path.is_file() or any(path.rglob("*.py"))]
    parts = [path for path in parts if not path.name.startswith("__")]
    actual = {f"{path.name}/" if path.is_dir() else path.name for path in parts}
    assert set(re.findall(r"\w+(?:/|\.py)", LAYOUT)) == actual - {"py.typed"}


def test_the_layout_names_every_plugin() -> None:
    listed = re.findall(r"kplug-[\w-]+", BESIDE.partition("tests/")[0])
    assert listed == sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())


def test_imports_go_the_way_that_the_contract_says() -> None:
    settings: Any = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    place_of = {
        part.removeprefix("kplug."): place
        for place, layer in enumerate(layers)
        for part in re.split(r" *[|:] *", layer)
    }
    chain = " ".join(PAGE.partition("Imports go one way: `")[2].partition("`")[0].split())
    steps = [step.split(", ") for step in chain.split(" → ")]
    places = [{place_of["losses" if part == "families" else part] for part in s} for s in steps]
    assert all(len(place) == 1 for place in places)
    assert all(min(one) < min(other) for one, other in pairwise(places))
