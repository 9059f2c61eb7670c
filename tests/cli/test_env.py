"""``kplug env``: every setting, where it stands, and what it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.cli.env import describe_settings
from kplug.registry.policy import reading
from kplug.training import machine
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen


MACHINE = "This machine:\n  processor\n    bfloat16: slow\n"


@pytest.fixture(autouse=True)
def _a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    section = kplug.Section("This machine", {"processor": {"bfloat16": "slow"}})
    monkeypatch.setattr(machine, "describe_machine", lambda: section)


@pytest.fixture
def plugins(install: Sandbox) -> Sandbox:
    for name in ("a-plugin", "b-plugin", "c-plugin"):
        install(name, entry_points={"kplug": {"hooks": "no_such_module"}})
    return install


def _run(*arguments: str, status: int = 0) -> str:
    kplug.reload()
    result = CliRunner().invoke(app, ["env", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_without_settings(plugins: Sandbox) -> None:
    assert _run() == (
        "No settings.\nPlugins:\n  a-plugin 1.0 may load\n  b-plugin 1.0 may load\n"
        "  c-plugin 1.0 may load\n" + MACHINE
    )


def test_without_plugins() -> None:
    assert _run() == "No settings.\nNo plugins.\n" + MACHINE


@pytest.fixture
def settings(plugins: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of every sort; the folder above the inner of two projects."""
    reading.SYSTEM_FILE.parent.mkdir()
    reading.SYSTEM_FILE.write_text("# company\ndisable = ['c-plugin']\n")
    (tmp_path / "policy.toml").write_text("")
    monkeypatch.setenv("KPLUG_POLICY", str(tmp_path / "policy.toml"))
    monkeypatch.setenv("KPLUG_AUTOLOAD", "0")
    monkeypatch.setenv("KPLUG_PLUGINS", "a-plugin==1.0,b-plugin>=2,c-plugin,gone")
    monkeypatch.setenv("KPLUG_PREFER", "c-plugin,torch")
    (tmp_path / "pyproject.toml").write_text(
        "[tool.kplug]\nprefer = ['a-plugin/dice']\nautoload = true\nstrict = true\n"
    )
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\n")
    monkeypatch.chdir(inner)
    return tmp_path


EXPECTED = """\
Settings, the outermost first:
  'disable' in {system}, line 2: c-plugin
    keeps out c-plugin
  {folder}/policy.toml has none
  KPLUG_PLUGINS: a-plugin==1.0, b-plugin>=2, c-plugin, gone
    keeps out b-plugin
    b-plugin>=2 has no effect: {strict}
    c-plugin has no effect: 'disable' in {system} names it
    gone has no effect: it is not installed
  KPLUG_AUTOLOAD: off
  KPLUG_PREFER: c-plugin, torch
    c-plugin has no effect: 'disable' in {system} names it
  'autoload' in {folder}/pyproject.toml, line 3: on
    on has no effect: KPLUG_AUTOLOAD is off
  'strict' in {folder}/pyproject.toml, line 4: on
    keeps out b-plugin, c-plugin
  'prefer' in {folder}/pyproject.toml, line 2: a-plugin/dice
    heard after KPLUG_PREFER
  {folder}/inner/pyproject.toml has none
Plugins:
  a-plugin 1.0 may load
  b-plugin 1.0 is off: KPLUG_PLUGINS asks for >=2; {strict}
  c-plugin 1.0 is off: 'disable' in {system} names it; {strict}
"""


def test_every_setting_its_place_and_what_it_does(settings: Path, plugins: Sandbox) -> None:
    strict = (
        f"'strict' in {settings}/pyproject.toml is on and no list of plugins pins it to a version "
        "or a hash"
    )
    expected = EXPECTED.format(system=reading.SYSTEM_FILE, folder=settings, strict=strict)
    assert _run() == expected + MACHINE
    assert plugins.imported() == set()


WITH_A_SECTION = """
import kplug

@kplug.hookimpl
def kplug_environment():
    return [kplug.Section("Ponds", {"north": {"depth": "2 m\\x1b", "fish": "none"}})]
"""


def test_what_plugins_add(plugins: Sandbox) -> None:
    points: dict[str, dict[str, str]] = {"kplug": {"hooks": "pond_hooks"}}
    plugins("pond", entry_points=points, modules={"pond_hooks.py": WITH_A_SECTION})
    assert _run().endswith(
        f"  pond 1.0 may load\n{MACHINE}Ponds:\n  north\n    depth: 2 m?\n    fish: none\n"
    )
    data = json.loads(_run("--json"))
    assert data["sections"][1:] == [
        {"title": "Ponds", "entries": {"north": {"depth": "2 m\x1b", "fish": "none"}}}
    ]
    assert data["not_shown"] == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("1 / 0", "kplug_environment raised ZeroDivisionError: division by zero"),
        ("3", "kplug_environment: 3 was returned. It must return a list of kplug.Section."),
        (
            "[kplug.Section('Ponds', {'north': {'depth': 2}})]",
            "kplug_environment: {'north': {'depth': 2}} is no section 'Ponds' for `kplug env`. "
            'Give texts: kplug.Section("Ponds", {"north": {"depth": "2 m"}}).',
        ),
        ("[kplug.Section(1, ['north'])]", "kplug_environment: ['north'] is no section 1"),
    ],
    ids=["error", "no list", "no texts", "no mapping"],
)
def test_what_is_wrong_with_what_a_plugin_adds_is_told(
    plugins: Sandbox, answer: str, problem: str
) -> None:
    points: dict[str, dict[str, str]] = {"kplug": {"hooks": "pond_hooks"}}
    hooks = f"import kplug\n@kplug.hookimpl\ndef kplug_environment():\n    return {answer}\n"
    plugins("pond", entry_points=points, modules={"pond_hooks.py": hooks})
    assert f"\nNot shown: pond 1.0: {problem}" in _run()


def test_json(settings: Path, plugins: Sandbox) -> None:
    record = plugins.info("a-plugin", "1.0") / "RECORD"
    record.write_text("a.py,sha256=abc,1\n")
    first, second = _run("--json"), _run("--json")
    assert first == second
    data: dict[str, Any] = json.loads(first)
    assert [source["place"] for source in data["sources"]] == [
        str(reading.SYSTEM_FILE),
        f"{settings}/policy.toml",
        "environment",
        f"{settings}/pyproject.toml",
        f"{settings}/inner/pyproject.toml",
    ]
    assert data["sources"][0] == {
        "place": str(reading.SYSTEM_FILE),
        "settings": [
            {
                "setting": f"'disable' in {reading.SYSTEM_FILE}",
                "line": 2,
                "value": ["c-plugin"],
                "keeps_out": ["c-plugin"],
                "in_vain": {},
                "heard_after": [],
            }
        ],
        "errors": [],
    }
    a, *_ = data["plugins"]
    assert a.pop("hash").startswith("sha256:")
    assert a == {"distribution": "a-plugin", "version": "1.0", "off": []}


def test_the_hash_that_is_shown_can_be_written_in_a_setting(
    plugins: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plugins.info("a-plugin", "1.0") / "RECORD").write_text("a.py,sha256=abc,1\n")
    monkeypatch.setenv("KPLUG_STRICT", "1")
    pin = json.loads(_run("--json"))["plugins"][0]["hash"]
    monkeypatch.setenv("KPLUG_PLUGINS", f"a-plugin --hash={pin}")
    assert "a-plugin 1.0 may load" in _run()
    (plugins.info("a-plugin", "1.0") / "RECORD").write_text("a.py,sha256=def,1\n")
    changed = json.loads(_run("--json"))["plugins"][0]
    assert changed["off"][0] == f"KPLUG_PLUGINS does not name its hash, {changed['hash']}"


@pytest.mark.parametrize("record", [b"\xff", b'"\n\0', b""])
def test_a_record_that_cannot_be_read_has_no_hash(plugins: Sandbox, record: bytes) -> None:
    (plugins.info("a-plugin", "1.0") / "RECORD").write_bytes(record)
    assert json.loads(_run("--json"))["plugins"][0]["hash"] is None


def test_a_setting_in_error(
    plugins: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KPLUG_BLOCK", "a-plugin")
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\nplugins = 3\ndisable = ['b-plugin']\n")
    output = _run(status=1)
    assert output.startswith(
        "Settings, the outermost first:\n"
        "  error: the environment variable KPLUG_BLOCK is no setting of kplug. "
        "Did you mean 'KPLUG_DISABLE'? "
    )
    assert f"\n  error: 'plugins' in {file} is 3. Give a list of names.\n" in output
    assert "\n  a-plugin 1.0 is off: the environment variable KPLUG_BLOCK is no" in output
    data = json.loads(_run("--json", status=1))
    assert [len(source["errors"]) for source in data["sources"]] == [1, 1]


def test_a_preference_for_what_entry_points_do_not_offer_is_in_vain(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("a-plugin", entry_points={"kplug.losses": {"pond": "m:pond"}})
    monkeypatch.setenv("KPLUG_PREFER", "a-plugin/nope,a-plugin/Pond")
    kplug.reload()
    (source,) = [one for one in describe_settings()["sources"] if one["settings"]]
    (setting,) = source["settings"]
    assert setting["in_vain"] == {"a-plugin/nope": "a-plugin offers no 'nope'"}


def test_a_table_for_other_versions_is_told(plugins: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug.'kplug>=99']\nnot-yet-known = 3\n")
    told = f"  {file} has a table for kplug>=99, and this is kplug {kplug.__version__}\n"
    assert told in _run()
    (source,) = json.loads(_run("--json"))["sources"]
    assert source["for_other_versions"] == ["kplug>=99"]
