"""Output in real terminals: whole names at every width, and colours where they are wanted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from typer.testing import CliRunner

from kplug.cli.app import app
from kplug.registry import REGISTRY
from tests.cli.terminals import run_in_terminal

CODE = "\x1b["
WHOLE = "[│⠀-⣿]|^  kplug "  # curves, and examples to copy
COMMANDS = [
    ("list", "regularizers"),
    ("show", "huber"),
    ("why", "loss", "dice_loss"),
    ("doctor",),
    ("conflicts",),
    ("env",),
    ("check", "kplug-penalties"),
    ("lock", "--use", "loss:kplug-segmentation/dice_loss", "--allow-unlocked"),
    ("lock", "--help"),
]


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run in an empty folder, with its settings: they are read at the first look-up of a process."""
    monkeypatch.chdir(tmp_path)
    REGISTRY.reload()
    yield
    monkeypatch.undo()
    REGISTRY.reload()


def words_of(text: str) -> set[str]:
    return set(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


@pytest.mark.slow
@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_names_stay_whole_and_prose_is_broken_at_every_width(command: tuple[str, ...]) -> None:
    piped = CliRunner().invoke(app, command).stdout.split()  # without a terminal
    for width in (24, 80):
        _, screen = run_in_terminal(*command, width=width, environment={"NO_COLOR": "1"})
        names = {word for word in piped if re.search(r"\w[_/.=-]\w", word)}
        assert names - words_of(screen) == set(), f"broken at {width} columns"
        prose = [line for line in screen.splitlines() if not re.search(WHOLE, line)]
        too_long = [line for line in prose if len(line) > width and len(line.split()) > 2]
        assert too_long == [], f"longer than {width} columns"


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colours_unless_the_environment_says_no(
    environment: dict[str, str], is_coloured: bool
) -> None:
    _, screen = run_in_terminal("list", "schedules", environment=environment)
    assert (CODE in screen) is is_coloured


@pytest.mark.sampled
@pytest.mark.parametrize(("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
@pytest.mark.parametrize(
    "command", [("why", "loss", "zzzz"), ("why", "huber"), ("show", "zzzz"), ("list", "--zzzz")]
)
def test_errors_and_why_have_colours(
    command: tuple[str, ...], environment: dict[str, str], is_coloured: bool
) -> None:
    _, screen = run_in_terminal(*command, environment=environment)
    assert (CODE in screen) is is_coloured


@pytest.mark.parametrize(
    ("environment", "is_coloured"), [({}, False), ({"FORCE_COLOR": "1"}, True)]
)
def test_a_pipe_has_no_colours_unless_the_environment_says_so(
    environment: dict[str, str], is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "kplug", "list", "schedules"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (CODE in done.stdout) is is_coloured


@pytest.mark.slow  # they import components
@pytest.mark.parametrize("command", [("doctor", "--import"), ("stubs", ".")], ids=" ".join)
def test_a_long_command_says_in_a_terminal_how_far_it_is(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Two plugins are enough: to import all that is installed would take 18 s.
    few = {"KPLUG_PLUGINS": "kplug-authoring,kplug-penalties,kplug-segmentation"}
    _, screen = run_in_terminal(*command, environment=few)
    counts = re.findall(r"\r\x1b\[K(\d+) of (\d+): [\w-]+/", screen)
    assert [int(at) for at, _ in counts] == list(range(1, len(counts) + 1))
    assert {int(whole) for _, whole in counts} == {len(counts)}
    assert screen.count("\r\x1b[K") == len(counts) + 1
