"""``kplug recall`` and ``kplug advise``: what they say, and what they ask for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kplug.cli.app import app


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_both_are_done_and_undone(site: Path) -> None:
    unsigned = (
        f"  the site is not signed: clients read {site}/recalls.json where a setting names it\n"
    )
    to, reason = ("--to", str(site)), ("--reason", "stolen key")
    release, before = "kplug-waves==1.0", "kplug-waves<1.3"
    assert run("recall", release, *to, *reason) == f"{site}: {release} is recalled\n{unsigned}"
    assert run("advise", before, *to, *reason) == f"{site}: {before} has an advisory\n{unsigned}"
    listed = json.loads((site / "recalls.json").read_text())
    assert [each["versions"] for each in (*listed["recalls"], *listed["advisories"])] == [
        *("==1.0", "<1.3"),
    ]
    assert run("recall", release, *to, "--undo").startswith(f"{site}: {release} is offered again\n")
    gone = f"{site}: {before} has no advisory any longer\n"
    assert run("advise", before, *to, "--undo").startswith(gone)
    assert json.loads((site / "recalls.json").read_text())["recalls"] == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["recall", "kplug-waves"], "a release and a reason are needed"),
        (["recall", "kplug-waves==1.0", "--reason", " "], "a release and a reason are needed"),
        (["advise", "kplug-waves", "--reason", "slow"], "releases and a reason are needed"),
        (["advise", "no name<1", "--reason", "slow"], "releases and a reason are needed"),
        (["advise", "kplug-waves<2"], "releases and a reason are needed"),
    ],
)
def test_what_is_missing_is_named(site: Path, words: list[str], reason: str) -> None:
    result = CliRunner().invoke(app, [*words, "--to", str(site)])
    assert reason in str(result.exception)
    assert not (site / "recalls.json").exists()
