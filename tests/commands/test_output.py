"""Lines for terminals of any width."""

from __future__ import annotations

import json

import pytest

from kplug.commands.output import find_color, print_json, print_lines


def test_a_line_is_whole_where_the_output_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    print_lines(["word " * 40 + "\x1b[31m"])
    assert capsys.readouterr().out == "word " * 40 + "?[31m\n"


def test_a_terminal_gets_lines_of_its_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_lines(["  off: my-own-plugin/dice_loss (1.0)"])
    assert capsys.readouterr().out == "  off:\n    my-own-plugin/dice_loss\n    (1.0)\n"


def test_json_says_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "a": 1}


@pytest.mark.parametrize(
    ("environment", "wants_color"),
    [
        ({}, None),
        ({"TERM": "xterm"}, None),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_the_environment_decides_about_colours(
    environment: dict[str, str], wants_color: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_color() is wants_color
