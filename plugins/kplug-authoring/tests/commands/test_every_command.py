"""Rules for all commands: line in ``kplug --help``, examples, completion, errors, output."""

from __future__ import annotations

import inspect
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from kplug_authoring.plugin import kplug_commands
from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.cli.exit_status import ExitStatus
from kplug.cli.help import find_examples
from tests.cli import test_printed_by_plugins
from tests.cli.test_app import run_main
from tests.cli.test_bad_input import NO_KIND
from tests.cli.test_completion import LOUD, complete
from tests.plugins import authoring as exposed
from tests.registry import conftest
from tests.registry.conftest import Sandbox
from tests.registry.installed import test_plugin_kinds

install = conftest.install  # only what a test installs is seen
authoring = exposed.authoring  # and this distribution
noisy = test_printed_by_plugins.noisy
kinds = test_plugin_kinds.kinds

COMMANDS = kplug_commands()


def _get(name: str) -> Any:
    program: Any = typer.main.get_command(app)
    return program.commands[name].make_context(name, ["--help"], resilient_parsing=True).command


@pytest.mark.parametrize("name", COMMANDS)
def test_its_line_of_help_is_the_first_sentence_of_its_own(name: str) -> None:
    text = inspect.cleandoc(_get(name).help).partition("\n\n")[0]
    assert COMMANDS[name].summary == " ".join(text.split())
    assert f"  {name} " in CliRunner().invoke(app, ["--help"]).output


@pytest.mark.parametrize("name", COMMANDS)
def test_its_help_ends_with_examples_that_it_takes(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80"})
    examples = find_examples(_get(name).help)
    assert result.output.endswith("Examples:\n" + "".join(f"  {each}\n" for each in examples))
    assert examples
    for example in examples:
        program, own, *arguments = shlex.split(example)
        assert (program, own) == ("kplug", name)
        _get(name).make_context(name, arguments)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kplug add reg", ["regularizer", "regularizers"]),
        ("kplug check b-", ["b-plugin", "b-plugin/dune"]),
        ("kplug check dun", ["dune"]),
    ],
)
def test_the_last_word_is_completed(install: Sandbox, line: str, found: list[str]) -> None:
    for name in ("a-plugin", "b-plugin"):
        install(name, entry_points={"kplug.losses": {"dune": "m:dune"}})
    hooks = {"kplug": {"hooks": "noise_hooks"}}
    install("noise", entry_points=hooks, modules={"noise_hooks.py": LOUD})
    install("broken", entry_points={"kplug": {"hooks": "no_such_module"}})
    assert complete(line) == found
    assert install.imported() <= {"noise_hooks"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["new"], "there is no name for the new distribution, and no terminal to ask in"),
        (["new", "/"], "'/' is no name of a distribution"),
        (["new", "acme", "--loss", "a b"], "'a b' cannot be the name of a component"),
        (["add", "frob", "x"], NO_KIND),
        (["add", "loss", "x"], "there is no pyproject.toml in"),
        (["check", "frob"], "no installed distribution and no component is named 'frob'"),
        (["check", ""], "no installed distribution and no component is named ''"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert run_main(monkeypatch, *arguments) == ExitStatus.FAILED
    written = capsys.readouterr()
    assert written.out == ""
    assert message in written.err
    assert "KPLUG_TRACEBACK" not in written.err, "nobody thought of it"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
def test_nothing_but_json_is_on_standard_output(
    noisy: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    data, others = test_printed_by_plugins.read(monkeypatch, capfd, "check", "noisy", "--json")
    assert data["schema"] == 1
    for word in ("import", "hook", "target"):
        assert all(f"{word} {number}" in others for number in ("one", "two", "three", "four"))


def _check(*arguments: str, status: int = 0) -> Any:
    result = CliRunner().invoke(app, ["check", *arguments, "--json"])
    assert result.exit_code == status, result.output + repr(result.exception)
    return json.loads(result.stdout)


@pytest.mark.usefixtures("kinds")
def test_check_runs_what_every_kind_has_to_keep() -> None:
    report = _check("augmentation/my-kinds/turn")
    (component,) = report["components"]
    assert component["kind"] == "augmentation"
    assert component["checks"]
    assert report["passed"]

    (component,) = _check("number", status=1)["components"]
    (failed,) = [each for each in component["checks"] if not each["passed"]]
    assert failed["name"] == "made"
    assert failed["message"].endswith("is not what its kind wants: 3 is no augmentation")


def test_a_command_that_runs_nothing_of_a_plugin_waits_for_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from kplug.cli.app import app\n"
        "for line in ('--help', 'new kplug-acme', 'stubs --no-import .'):\n"
        "    app(line.split(), standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "kplug-acme" / "pyproject.toml").exists()
    assert (tmp_path / "kplug-stubs" / "names.pyi").exists()
