"""``kplug why``: what a name means, by which rule, and what became of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.errors import KplugError, SpecError, UnknownKindError
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen


@pytest.fixture(autouse=True)
def plugins(install: Sandbox) -> Sandbox:
    """Two plugins that offer one name, one that offers it in vain, and one with hooks."""
    for name in ("a-plugin", "b-plugin"):
        points = {"kplug.losses": {"dice": "m:dice", "pond": f"m:{name[0]}"}}
        install(name, entry_points=points, modules={"m.py": ""})
    twice = {"kplug.losses": {"pond": "m:one", "Pond": "m:two", "puddle": "m:one"}}
    install("twice-plugin", entry_points=twice)
    install("hooked-plugin", entry_points={"kplug": {"hooks": "no_such_module"}})
    return install


def _run(*arguments: str, status: int = 0) -> str:
    kplug.reload()
    result = CliRunner().invoke(app, ["why", *arguments])
    assert result.exit_code == status, result.output
    return result.output


A_LOST = "lost: a-plugin/dice (1.0)\n  {}\n  m:dice\n"
B_LOST = "lost: b-plugin/dice (1.0)\n  {}\n  m:dice\n"
BUILT_IN = f"kplug/dice ({kplug.__version__})"
TWICE = (
    "the loss 'pond' is offered twice, as m:two and as m:one; the name is used for neither. "
    "Give one of them another name"
)


def test_the_built_in_and_who_lost() -> None:
    lost = "kplug's own goes first, unless another is preferred"
    assert _run("losses", "Dice") == (
        "the loss 'Dice' is kplug/dice\n"
        "  rule: built-in\n"
        "  setting: none decided\n"
        f"chosen: {BUILT_IN}\n"
        "  it is built in, which goes before plugins where none is preferred\n"
        "  kplug.losses.overlap:Dice\n" + A_LOST.format(lost) + B_LOST.format(lost)
    )


def test_the_setting_that_decided_with_its_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\n\nprefer = ['gone', 'b-plugin/dice']\n")
    output = _run("loss", "dice")
    assert output.startswith(
        "the loss 'dice' is b-plugin/dice\n"
        "  rule: preferred\n"
        f"  setting: 'prefer' in {file}, line 3\n"
        "chosen: b-plugin/dice (1.0)\n"
        "  'b-plugin/dice' is preferred, which goes before the built-in\n"
    )
    assert f"lost: {BUILT_IN}\n  'b-plugin/dice' is preferred\n" in output


def test_a_variable_that_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_PREFER", "a-plugin")
    assert "\n  setting: KPLUG_PREFER\n" in _run("loss", "dice")


def test_an_ambiguous_name(plugins: Sandbox) -> None:
    tied = "  several plugins offer the name, and none of them is preferred\n"
    assert _run("loss", "pond", status=1) == (
        "the loss 'pond' is offered by 2 plugins: a-plugin/pond (a-plugin 1.0), "
        "b-plugin/pond (b-plugin 1.0)\n"
        "  Write 'a-plugin/pond', or prefer one: KPLUG_PREFER=a-plugin\n"
        f"tied: a-plugin/pond (1.0)\n{tied}  m:a\n"
        f"tied: b-plugin/pond (1.0)\n{tied}  m:b\n"
        f"broken: twice-plugin/pond (1.0)\n  {TWICE}\n"
    )
    assert plugins.imported() == set()


def test_a_name_in_conflict_within_one_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_DISABLE", "a-plugin,b-plugin,hooked-plugin")
    output = _run("loss", "twice-plugin/pond", status=1)
    assert output.startswith(
        f"twice-plugin 1.0 may offer the loss 'pond', but {TWICE}\n  Mend or upgrade twice-plugin.\n"
    )
    assert f"broken: twice-plugin/pond (1.0)\n  {TWICE}\n" in output


def test_a_disabled_name_with_the_line_of_the_setting(tmp_path: Path, plugins: Sandbox) -> None:
    plugins("c-plugin", entry_points={"kplug.losses": {"rain": "m:rain"}})
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\ndisable = ['c-plugin', 'hooked-plugin']\n")
    names_it = f"'disable' in {file} names it"
    assert _run("loss", "rain", status=1) == (
        f"the loss 'rain' belongs to c-plugin 1.0, which is switched off: {names_it}\n"
        "  Change that setting to use it.\n"
        f"off: c-plugin/rain (1.0)\n  {names_it}\n  see 'disable' in {file}, line 2\n  m:rain\n"
        f"off: hooked-plugin/… (1.0)\n  {names_it}. It may offer the name: only its code tells\n"
        f"  see 'disable' in {file}, line 2\n"
    )


def test_an_unknown_name() -> None:
    output = _run("loss", "hubr", status=1)
    assert output.startswith("no loss is named 'hubr'\n  Did you mean 'huber'? ")
    assert json.loads(_run("loss", "hubr", "--json", status=1))["candidates"] == []


def test_a_name_of_another_kind() -> None:
    assert _run("loss", "adam", status=1) == (
        "'adam' is an optimizer, not a loss\n"
        "  `kplug list losses` shows what fits here.\n"
        "also a name of another kind: optimizer kplug/adam\n"
        "also a name of another kind: optimizer torch/adam\n"
    )


def test_a_qualified_name() -> None:
    output = _run("loss", "a-plugin/dice")
    assert "\n  rule: qualified name\n" in output
    assert "chosen: a-plugin/dice (1.0)\n  the name says whose it is\n" in output
    assert B_LOST.format("the name says that it is another package's") in output
    assert _run("loss", "a-plugin/rain", status=1).startswith(
        "a-plugin 1.0 offers no loss 'rain'\n"
    )


def test_a_component_that_is_offered_by_its_qualified_name_only(plugins: Sandbox) -> None:
    source = (
        "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
        "    return {'dice': kplug.Component('dice', 'shy:dice', is_qualified_only=True)}\n"
    )
    plugins("shy-plugin", entry_points={"kplug": {"h": "shy"}}, modules={"shy.py": source})
    reason = "its author offers it by its qualified name only, except to who prefers it"
    assert f"lost: shy-plugin/dice (1.0)\n  {reason}\n" in _run("loss", "dice")


def test_the_only_one_that_offers_the_bare_name(plugins: Sandbox) -> None:
    """Nobody says that nobody else has the name, above one that has it."""
    source = (
        "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
        "    return {'rain': kplug.Component('rain', 'shy:rain', is_qualified_only=True)}\n"
    )
    plugins("shy-plugin", entry_points={"kplug": {"h": "shy"}}, modules={"shy.py": source})
    points = {"kplug.losses": {"rain": "c:rain", "sun": "c:sun"}}
    plugins("c-plugin", entry_points=points, modules={"c.py": ""})
    output = _run("loss", "rain")
    assert output.startswith(
        "the loss 'rain' is c-plugin/rain\n  rule: only candidate for the bare name\n"
    )
    assert "(1.0)\n  the others have the name in their qualified names only\n" in output
    assert "nobody else" not in output
    assert json.loads(_run("loss", "rain", "--json"))["rule"] == "only candidate"
    output = _run("loss", "sun")
    assert "\n  rule: only candidate\n" in output
    assert "\n  nobody else offers the name\n" in output


@pytest.mark.parametrize("name", ["Dice", "a-plugin/dice", "glorot_uniform", "adam"])
def test_the_kind_is_found_where_one_alone_has_the_name(name: str) -> None:
    kind = {"adam": "optimizer", "glorot_uniform": "initializer"}.get(name, "loss")
    assert _run(name) == _run(kind, name)


def test_a_kind_is_found_of_what_is_tied_broken_or_off(
    plugins: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run("pond", status=1) == _run("loss", "pond", status=1)
    plugins("c-plugin", entry_points={"kplug.layers": {"rain": "m:rain"}})
    monkeypatch.setenv("KPLUG_DISABLE", "c-plugin,hooked-plugin")
    assert _run("rain", status=1) == _run("layer", "rain", status=1)


def test_a_name_of_several_kinds_is_to_be_said_of_one() -> None:
    error = CliRunner().invoke(app, ["why", "mse"]).exception
    assert isinstance(error, KplugError)
    assert error.message == "'mse' is the name of a loss and a metric"
    assert error.hint == "Say which is meant: kplug why loss mse"


def test_an_unknown_name_without_a_kind() -> None:
    assert _run("hubr", status=1).startswith(
        "no component is named 'hubr'\n  Did you mean 'huber'?"
    )
    data = json.loads(_run("hubr", "--json", status=1))
    assert (data["kind"], data["name"], data["candidates"]) == (None, "hubr", [])


def test_a_setting_in_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_BLOCK", "x")
    data = json.loads(_run("loss", "pond", "--json", status=1))
    assert data["error"]["type"] == "PolicyError"
    assert {each["outcome"] for each in data["candidates"]} == {"off"}


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPLUG_PREFER", "b-plugin")
    data: dict[str, Any] = json.loads(_run("loss", "pond", "--json"))
    chosen, lost, *_ = data.pop("candidates")
    setting = {"setting": "KPLUG_PREFER", "line": None}
    assert data == {
        "schema": 1,
        "kind": "loss",
        "name": "pond",
        "chosen": "b-plugin/pond",
        "rule": "preferred",
        "setting": {**setting, "entry": "b-plugin"},
        "elsewhere": [],
        "error": None,
    }
    assert chosen == {
        "qualified_name": "b-plugin/pond",
        "distribution": "b-plugin",
        "version": "1.0",
        "target": "m:b",
        "outcome": "chosen",
        "reason": "'b-plugin' is preferred, which goes before the built-in",
        "settings": [setting],
    }
    assert (lost["qualified_name"], lost["outcome"]) == ("a-plugin/pond", "lost")


@pytest.mark.parametrize(
    ("arguments", "error"), [(["los", "dice"], UnknownKindError), (["loss", "dice("], SpecError)]
)
def test_what_is_no_kind_or_no_name(arguments: list[str], error: type[Exception]) -> None:
    result = CliRunner().invoke(app, ["why", *arguments])
    assert isinstance(result.exception, error)
