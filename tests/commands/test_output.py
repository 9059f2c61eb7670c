"""Lines for terminals of any width."""

from __future__ import annotations

import json
from functools import partial

import pytest
import typer

from kplug.commands.output import find_color, print_json, print_lines, showing_progress


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


def test_lines_are_coloured_after_they_are_wrapped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_lines(["one two three"], partial(typer.style, fg="red"))
    assert capsys.readouterr().out == "\x1b[31mone two\x1b[0m\n\x1b[31m  three\x1b[0m\n"


@pytest.mark.parametrize(
    ("term", "is_terminal"), [("xterm", True), ("dumb", True), ("xterm", False)]
)
def test_progress_is_a_line_that_goes_away(
    term: str,
    is_terminal: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "16")
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    names = ["one", "a\x1b[31m", "a long name of one"]
    assert list(showing_progress(names, str)) == names
    out, err = capsys.readouterr()
    assert out == ""
    if term == "dumb" or not is_terminal:
        assert err == ""
    else:
        shown = ["1 of 3: one", "2 of 3: a?[31m", "3 of 3: a long…", ""]
        assert err == "".join(f"\r\x1b[K{text}" for text in shown)


def test_progress_goes_away_after_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for _ in showing_progress(["one", "two"], str):
        break
    assert capsys.readouterr().err.endswith("\r\x1b[K")
