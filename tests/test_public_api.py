"""The lists are what can be imported and named: nobody removes a name or changes a default unawares."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.public_api import (
    COMPONENTS,
    LIST,
    find_next,
    find_objects,
    make_component_list,
    make_list,
    mark_new,
    read_versions,
)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return make_list().splitlines()


def test_the_list_is_what_can_be_imported(lines: list[str]) -> None:
    listed = LIST.read_text(encoding="utf-8").splitlines()
    changes = [
        line
        for line in difflib.unified_diff(listed, lines, "listed", "found", n=0, lineterm="")
        if not line.startswith("@@")
    ]
    assert not changes, (
        "The public API changed:\n"
        + "\n".join(changes)
        + "\nA line with `-` breaks programs: say it in "
        "CHANGELOG.md, under Removed or Changed. Then run: python -m tests.public_api"
    )


def test_the_list_of_components_is_what_the_distributions_here_bring() -> None:
    listed, found = (
        set(COMPONENTS.read_text().splitlines()),
        set(make_component_list().splitlines()),
    )
    assert listed == found, (
        f"gone: {sorted(listed - found)}, new: {sorted(found - listed)}. Files name components for good: "
        "one that goes needs an alias. Then run: python -m tests.public_api"
    )


def test_a_new_name_has_the_next_version_and_the_others_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("old(x)\nother = old\nlater(x)  # since 1.1\n")
    lines = ("old(x, y=1)", "other = old", "later()", "new(x)")
    written = mark_new(((line, "1.2.3") for line in lines), path)
    assert written.splitlines() == [
        "old(x, y=1)",
        "other = old",
        "later()  # since 1.1",
        "new(x)  # since 1.3",
    ]
    path.write_text(written)
    assert read_versions(path) == {"old": "1.0", "other": "1.0", "later": "1.1", "new": "1.3"}


@pytest.mark.parametrize(
    ("present", "coming"),
    [
        ("0.1.0", "1.0"),
        ("1.0.0rc1", "1.0"),
        ("1.0.0", "1.1"),
        ("1.1.0.dev0", "1.1"),
        ("2.0.1", "2.1"),
    ],
)
def test_what_is_new_comes_with_the_next_minor_version(present: str, coming: str) -> None:
    assert find_next(present) == coming


def test_what_users_write_is_on_it(lines: list[str]) -> None:
    names = {line.partition("(")[0].partition(" ")[0] for line in lines}
    assert names >= {
        "kplug.Sequential",
        "kplug.backend.mean",
        "kplug.models.Model.compile",
        "kplug.models.Model.fit",
        "kplug.layers.Dense",
        "kplug.losses.Huber",
        "kplug.ops.softmax",
        "kplug.utils.to_categorical",
        "kplug.inspection.find_owner",
        "kplug.errors.KplugError",
    }


def test_a_default_stands_in_its_line(lines: list[str]) -> None:
    (line,) = [line for line in lines if line.startswith("kplug.losses.Huber(")]
    assert "delta=1.0" in line


def test_a_line_is_the_same_in_every_process(lines: list[str]) -> None:
    assert not [line for line in lines if "0x" in line or len(line) > 1500]
    assert len(find_objects()) > 500
