"""``kplug conflicts``: names that several distributions offer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import kplug
from kplug.cli.app import app
from kplug.registry import get_kind, parse_spec
from kplug.registry.names.explanations import explain
from tests.registry import conftest
from tests.registry.conftest import Sandbox

install = conftest.install  # only what a test installs is seen


def _run(*arguments: str) -> str:
    kplug.reload()
    result = CliRunner().invoke(app, ["conflicts", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def plugins(install: Sandbox) -> Sandbox:
    for name in ("a-plugin", "b-plugin"):
        points = {"kplug.regularizers": {"l2": "m:l2", "pond": f"m:{name[0]}"}}
        install(name, entry_points=points, modules={"m.py": ""})
    return install


def test_no_conflicts(install: Sandbox) -> None:
    install("a-plugin", entry_points={"kplug.regularizers": {"pond": "m:pond", "lake": "m:pond"}})
    assert _run("regularizers") == "No name is offered by several distributions.\n"


def test_who_wins_and_how_to_prefer_another(plugins: Sandbox) -> None:
    assert _run("regularizer") == (
        "regularizer l2: kplug/l2 wins (built-in)\n"
        "  a-plugin/l2: KPLUG_PREFER=a-plugin/l2\n"
        "  b-plugin/l2: KPLUG_PREFER=b-plugin/l2\n"
        "regularizer pond: nothing decides, so the bare name is an error\n"
        "  a-plugin/pond: KPLUG_PREFER=a-plugin/pond\n"
        "  b-plugin/pond: KPLUG_PREFER=b-plugin/pond\n"
    )
    assert plugins.imported() == set()


def test_the_setting_that_decides(plugins: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.kplug]\nprefer = ['b-plugin']\n")
    assert (
        f"regularizer pond: b-plugin/pond wins (preferred, 'prefer' in {file}, line 2)\n"
        "  a-plugin/pond: KPLUG_PREFER=a-plugin/pond\n"
    ) in _run()


@pytest.mark.parametrize("said", ["", "b-plugin", "gone,b-plugin/pond"])
def test_the_variable_that_is_shown_lets_the_other_win(
    plugins: Sandbox, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("KPLUG_PREFER", said)
    shown = json.loads(_run("regularizers", "--json"))["conflicts"]
    others = {(facts["name"], *pair) for facts in shown for pair in facts["prefer"].items()}
    assert len(others) == {"": 4, "b-plugin": 3, "gone,b-plugin/pond": 3}[said]
    for name, qualified, command in others:
        monkeypatch.setenv(*command.split("=", 1))
        kplug.reload()
        choice = explain(get_kind("regularizer"), parse_spec(name)).choice
        assert choice is not None
        assert choice.component.qualified_name == qualified


def test_aliases_that_the_same_components_share_are_one_conflict(install: Sandbox) -> None:
    for name in ("a-plugin", "b-plugin"):
        install(
            name, entry_points={"kplug.losses": {"pond": f"m:{name[0]}", "lake": f"m:{name[0]}"}}
        )
    assert _run("losses").count("nothing decides") == 1


def test_a_winner_beside_others_that_have_qualified_names_only(plugins: Sandbox) -> None:
    source = (
        "import kplug\n@kplug.hookimpl\ndef kplug_losses():\n"
        "    return {'rain': kplug.Component('rain', 'shy:rain', is_qualified_only=True)}\n"
    )
    plugins("shy-plugin", entry_points={"kplug": {"h": "shy"}}, modules={"shy.py": source})
    points = {"kplug.losses": {"rain": "c:rain"}}
    plugins("c-plugin", entry_points=points, modules={"c.py": ""})
    assert (
        "loss rain: c-plugin/rain wins (only candidate for the bare name)\n"
        "  shy-plugin/rain: KPLUG_PREFER=shy-plugin/rain\n"
    ) in _run("losses")


def test_json(plugins: Sandbox) -> None:
    data = json.loads(_run("regularizers", "--json"))
    assert data["schema"] == 1
    l2, pond = data["conflicts"]
    assert (l2["kind"], l2["name"], l2["chosen"], l2["rule"]) == (
        "regularizer",
        "l2",
        "kplug/l2",
        "built-in",
    )
    assert [item["outcome"] for item in pond["candidates"]] == ["tied", "tied"]


def test_a_winner_that_does_not_load_is_none(
    install: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-plugin", "b-plugin"):
        points = {"kplug.losses": {"pond": "m:pond"}}
        install(name, entry_points=points, modules={"m.py": ""} if name == "b-plugin" else {})
    monkeypatch.setenv("KPLUG_PREFER", "a-plugin")
    assert (
        "loss pond: what wins does not load, as `kplug why loss pond` says\n"
        "  b-plugin/pond: KPLUG_PREFER=b-plugin/pond,a-plugin\n"
    ) in _run("losses")
    findings = CliRunner().invoke(app, ["doctor"]).output
    assert "the loss 'pond' never loads: 'm' is a module neither of a-plugin nor" in findings
    assert "'b-plugin/pond' is an error, as what wins is broken" in findings
