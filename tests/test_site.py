"""The pages of the site say what other files say: the first example, how to install it, what is required."""

from __future__ import annotations

import re
import sys

import pytest

from tests.test_docs import ROOT, blocks_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SUPPORT = (ROOT / "docs/support.md").read_text(encoding="utf-8")


def test_the_landing_page_begins_as_the_readme_does() -> None:
    readme = blocks_of(ROOT / "README.md")[:3]
    landing = blocks_of(ROOT / "docs/index.md")[:3]
    assert [(block.language, block.text) for block in landing] == [
        (block.language, block.text) for block in readme
    ]


def test_the_first_example_has_twelve_lines() -> None:
    (program,) = [one for one in blocks_of(ROOT / "docs/index.md") if one.language == "python"]
    assert len(list(filter(str.strip, program.text.splitlines()))) == 12


def test_pages_with_places_to_fill_have_each_mark_once() -> None:
    """`.ci/docs.py` ends with an error for a mark that is missing; one that stands twice would stay."""
    for page in (ROOT / "docs").rglob("*.md"):
        marks = re.findall(r"^ *<!-- (\w+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(marks) == len(set(marks)), page


@pytest.mark.parametrize("library", ["torch", "numpy", "h5py"])
def test_the_support_table_has_what_is_required(library: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (required,) = [one for one in project["dependencies"] if one.startswith(f"{library}>=")]
    assert re.search(
        rf"^\| {library} \| {re.escape(required.partition('>=')[2])} or newer \|",
        SUPPORT,
        re.MULTILINE | re.IGNORECASE,
    )
    oldest = project["requires-python"].removeprefix(">=")
    assert f"| Python | {oldest} or newer |" in SUPPORT


def test_the_workflow_runs_the_pythons_of_the_support_table() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    (line,) = re.findall(r"python: \[(.+)\]", workflow)
    assert line == '"3.10", "3.11", "3.12", "3.13"'
    (row,) = re.findall(r"^\| Python \|.+$", SUPPORT, re.MULTILINE)
    assert all(version in row for version in re.findall(r"[\d.]+", line))
