"""The list of the public API is what can be imported: nobody removes a name or changes a default unawares."""

from __future__ import annotations

import difflib

import pytest

from tests.public_api import LIST, find_objects, make_list


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
