"""``kplug sync``: it shows first, asks, runs the installer, and checks again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kplug.cli import sync as command
from kplug.cli.app import app
from kplug.registry import REGISTRY
from tests.locking import conftest
from tests.registry.conftest import Sandbox

install = conftest.install
install_plugin = conftest.install_plugin
_plugins_alone = conftest._plugins_alone

ABSENT = "layout = 1\n[[packages]]\nname = 'kplug-absent'\nversion = '1.0'\n"
COMMIT = "c" * 40
JUDGE = """\
import pathlib
import kplug

@kplug.hookimpl
def kplug_versions(distribution):
    notices = (f"the publisher of {distribution} changes",)
    return [
        kplug.PublishedVersion(version, pathlib.Path, notices=notices * (version == "1.0"))
        for version in ("0.9", "1.0", "2.0")
    ]

@kplug.hookimpl
def kplug_changes(distribution, version):
    what = f"loss kplug-absent/absent: {distribution} {version.version}"
    return [kplug.Verdict("differs", what), kplug.Verdict("same", "loss kplug-absent/other")]
"""
SHOWN = "install kplug-absent==1.0\n  pip install kplug-absent==1.0\n"


@pytest.fixture(autouse=True)
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Return the commands that were run; each succeeds and does nothing."""
    commands: list[Sequence[str]] = []

    def run(words: Sequence[str], **options: Any) -> SimpleNamespace:
        commands.append(words)
        return SimpleNamespace(returncode=0, stdout="")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(command, "find_installer", lambda: ["pip", "install"])
    return commands


def _run(text: str, *arguments: str, answer: str = "") -> Result:
    Path("kplug.lock").write_text(text)
    REGISTRY.reload()
    return CliRunner().invoke(app, ["sync", *arguments], input=answer)


def test_where_nothing_differs_there_is_nothing_to_do(ran: list[Sequence[str]]) -> None:
    done = _run("layout = 1\n", "--yes")
    assert done.output == "Nothing to do: everything is installed as locked.\n"
    assert (done.exit_code, ran) == (0, [])


def test_a_dry_run_shows_and_does_nothing(ran: list[Sequence[str]]) -> None:
    done = _run(ABSENT, "--dry-run")
    assert (done.exit_code, done.output, ran) == (0, SHOWN, [])


@pytest.mark.parametrize("answer", ["", "\n", "n\n"])
def test_without_a_yes_nothing_is_installed(ran: list[Sequence[str]], answer: str) -> None:
    done = _run(ABSENT, answer=answer)
    assert done.output.startswith(f"{SHOWN}Install this? [y/N]:")
    assert (done.exit_code, ran) == (1, [])


@pytest.mark.parametrize(("arguments", "answer"), [(["--yes"], ""), ([], "y\n")])
def test_with_a_yes_it_installs_and_checks_again(
    ran: list[Sequence[str]], arguments: list[str], answer: str
) -> None:
    done = _run(ABSENT, *arguments, "--", "--find-links", "wheels", answer=answer)
    assert done.exit_code == 0
    installs, checks = ran
    assert installs == ["pip", "install", "--find-links", "wheels", "kplug-absent==1.0"]
    assert checks[1:] == ["-m", "kplug", "lock", "--check", "--lock", "kplug.lock"]


def test_an_address_of_the_lock_is_shown_before_it_is_used(ran: list[Sequence[str]]) -> None:
    address = f"url = 'git+https://example.org/a.git'\ncommit = '{COMMIT}'\n"
    done = _run(ABSENT + address, answer="n\n")
    wanted = f"kplug-absent @ git+https://example.org/a.git@{COMMIT}"
    assert done.output.startswith(f"install {wanted}, from an address in the lock\n")
    assert ran == []


def test_what_cannot_be_mended_is_said_and_ends_with_the_status_of_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "_check_again", lambda file: 1)
    done = _run(ABSENT + "editable = true\n", "--yes")
    assert done.exit_code == 1
    assert done.output == (
        "cannot mend: kplug-absent 1.0 is not installed: it was locked as an editable install that "
        "no address leads to\n"
    )


def test_json_of_a_dry_run_has_a_schema() -> None:
    done = _run(ABSENT, "--dry-run", "--json")
    assert json.loads(done.output) == {
        "schema": 1,
        "install": ["kplug-absent==1.0"],
        "replace": [],
        "cannot_mend": [],
        "commands": [["pip", "install", "kplug-absent==1.0"]],
        "changes": {},
        "notices": {},
    }


def test_what_another_version_changes_is_shown_first(install: Sandbox) -> None:
    install("kplug-judge", entry_points={"kplug": {"plugin": "judge"}}, modules={"judge.py": JUDGE})
    install("kplug-absent", "0.9", entry_points={"kplug.losses": {"absent": "absent:loss"}})
    done = _run(ABSENT, answer="n\n")
    assert done.output.startswith(
        "install kplug-absent==1.0\n"
        "  the publisher of kplug-absent changes\n"
        "  loss kplug-absent/absent: kplug-absent 1.0\n"
        "  1 other is the same\n"
        "  pip install "
    )
    data = json.loads(_run(ABSENT, "--dry-run", "--json").output)
    assert [one["outcome"] for one in data["changes"]["kplug-absent"]] == ["differs", "same"]
    assert data["notices"] == {"kplug-absent": ["the publisher of kplug-absent changes"]}


def test_what_cannot_be_told_of_a_version_is_said(install: Sandbox) -> None:
    install("kplug-absent", "0.9", entry_points={"kplug.losses": {"absent": "absent:loss"}})
    unknown = "install kplug-absent==1.0\n  numbers that cannot be compared: "
    done = _run(ABSENT, answer="n\n")
    assert done.output.startswith(f"{unknown}no registry that answers here has that version\n")
    versions = JUDGE.partition("@kplug.hookimpl\ndef kplug_changes")[0]
    install(
        "kplug-judge", entry_points={"kplug": {"plugin": "judge"}}, modules={"judge.py": versions}
    )
    done = _run(ABSENT, answer="n\n")
    assert "numbers that cannot be compared: no plugin here compares numbers (" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["other.lock"],
            "'other.lock' is no option of pip or uv\n  A lock file is given with --lock",
        ),
        (["--json"], "--json prints what would be done\n  kplug sync --dry-run --json"),
        (["--lock", "absent"], "there is no lock 'absent'"),
    ],
)
def test_what_cannot_be_done_is_one_error(
    ran: list[Sequence[str]], arguments: list[str], message: str
) -> None:
    assert message in str(_run(ABSENT, *arguments).exception)
    assert ran == []


@pytest.mark.parametrize(
    "hostile", ["--index-url https://evil", "a; touch x", "-r x", "a @ file:///x"]
)
def test_a_hostile_name_or_version_reaches_no_command(
    ran: list[Sequence[str]], hostile: str
) -> None:
    for text in (ABSENT.replace("kplug-absent", hostile), ABSENT.replace("1.0", hostile)):
        done = _run(text, "--yes")
        assert "which none can have" in str(done.exception)
    assert ran == []
