"""``--help`` of every command: what it says, and examples that can be typed."""

from __future__ import annotations

import shlex

import pytest
import typer
from typer.testing import CliRunner

from kplug.builtins.commands import COMPONENTS
from kplug.cli.app import app
from kplug.cli.help import find_examples
from tests.registry import conftest

install = conftest.install  # only what a test installs is seen, in an empty folder

GROUP = typer.main.get_command(app)
EXAMPLES = {
    name: find_examples(GROUP.commands[name].help)  # type: ignore[attr-defined]
    for name in COMPONENTS
}
# The others train, import everything, install, or need a project; they are parsed only.
RUN = [
    example
    for name in ("list", "why", "conflicts", "env")
    for example in EXAMPLES[name]
    if "--check" not in example
]


def show_help(*command: str, width: int) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": str(width)})
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("name", COMPONENTS)
def test_help_ends_with_examples_that_the_command_takes(name: str) -> None:
    assert EXAMPLES[name], "there is none"
    text = show_help(name, width=80)
    assert text.endswith("Examples:\n" + "".join(f"  {each}\n" for each in EXAMPLES[name]))
    for example in EXAMPLES[name]:
        program, command, *arguments = shlex.split(example)
        assert (program, command) == ("kplug", name)
        GROUP.commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


@pytest.mark.parametrize("example", RUN)
@pytest.mark.usefixtures("install")
def test_an_example_runs(example: str) -> None:
    result = CliRunner().invoke(app, shlex.split(example)[1:])
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
@pytest.mark.parametrize("name", ["lock", "docs", "sync"])
def test_no_name_in_a_help_is_broken_and_no_line_is_longer_than_its_words(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kplug.cli.help.find_width", lambda: width)
    text, _, _ = show_help(name, width=width).partition("Examples:")
    for parameter in GROUP.commands[name].params:  # type: ignore[attr-defined]
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in text.split()
    too_long = [line for line in text.splitlines() if len(line) > min(width, 100)]
    assert [line for line in too_long if not _is_name(line)] == []


def _is_name(line: str) -> bool:
    """Whether it stands alone in its line: a name with its type, or one word."""
    return len(line.split()) <= 2
