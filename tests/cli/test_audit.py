"""``kplug audit``, and what ``doctor`` and ``env`` say of the same lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from tests.registry import conftest
from tests.registry.conftest import Sandbox, write_notices

install = conftest.install  # only what a test installs is seen
SUM = "list number 1 of 2026-04-01, recalls: 1, advisories: 1"


@pytest.fixture
def noticed(install: Sandbox, tmp_path: Path) -> Path:
    for name in ("lake", "tides", "waves"):
        install(name, entry_points={"kplug.regularizers": {name: f"{name}:f"}})
    file = tmp_path / "recalls" / "site.json"
    write_notices(file, recalls={"lake==1.0": "stolen"}, advisories={"tides<1.3": "wrong masks"})
    return file


def _run(*words: str, status: int) -> str:
    kplug.reload()
    result = CliRunner().invoke(app, words)
    assert result.exit_code == status, result.output
    return result.stdout


def test_audit(noticed: Path) -> None:
    assert _run("audit", status=1) == (
        f"lake 1.0: recalled on 2026-04-01: stolen ({noticed})\n"
        f"tides 1.0: advisory of 2026-04-01: wrong masks ({noticed})\n"
        f"{noticed}: {SUM}\n"
    )
    data = json.loads(_run("audit", "--json", status=1))
    assert data["notices"][1] == {
        "about": "tides 1.0",
        "topic": "advisory",
        "versions": "<1.3",
        "reason": "wrong masks",
        "since": "2026-04-01T12:00:00Z",
        "list": str(noticed),
    }
    assert (data["lists"], data["errors"]) == ({str(noticed): SUM}, [])


def test_a_recalled_library_is_named(install: Sandbox, noticed: Path) -> None:
    install("acme-core", "2.0")
    write_notices(noticed, recalls={"acme-core==2.0": "stolen"})
    assert f"acme-core 2.0: recalled on 2026-04-01: stolen ({noticed})\n" in _run("audit", status=1)


def test_advisories_alone_are_no_failure(noticed: Path) -> None:
    write_notices(noticed, advisories={"tides<1.3": "wrong masks"})
    assert "recalled on" not in _run("audit", status=0)
    write_notices(noticed)
    assert _run("audit", status=0).startswith("No plugin here was recalled or has an advisory.\n")
    noticed.unlink()
    assert _run("audit", status=0).endswith("There is no list of recalls on this machine.\n")
    noticed.write_text("no list")
    assert f"the list of recalls {noticed} cannot be read" in _run("audit", status=1)


def test_doctor_and_env_say_the_same(noticed: Path) -> None:
    found = json.loads(_run("doctor", "--json", status=1))["findings"]
    assert [each for each in found if each["topic"] in ("recalled", "advisory")] == [
        {
            "topic": "recalled",
            "about": "lake 1.0",
            "message": f"2026-04-01: stolen ({noticed})",
            "command": "pip install --upgrade lake",
            "is_broken": True,
        },
        {
            "topic": "advisory",
            "about": "tides 1.0",
            "message": f"2026-04-01: wrong masks ({noticed})",
            "command": "pip install --upgrade tides",
            "is_broken": False,
        },
    ]
    shown = _run("env", status=0)
    assert f"  {noticed}: {SUM}\n" in shown
    assert f"  lake 1.0 is off: it was recalled on 2026-04-01: stolen ({noticed})\n" in shown


def test_where_a_plugin_installs_doctor_names_its_command(install: Sandbox, noticed: Path) -> None:
    install("shop", entry_points={"kplug.commands": {"install": "shop:f"}})
    found = json.loads(_run("doctor", "--json", status=1))["findings"]
    commands = [each["command"] for each in found if each["topic"] in ("recalled", "advisory")]
    assert commands == ["kplug install --upgrade lake", "kplug install --upgrade tides"]
