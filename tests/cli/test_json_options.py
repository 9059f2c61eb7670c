"""The option ``--json`` of all commands that are installed here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from kplug.cli.app import app
from kplug.commands import answer_in_json


def test_every_command_that_prints_json_keeps_standard_output_for_it() -> None:
    """Of the distributions in this repository: each option asks before anything of a plugin runs."""
    program: Any = typer.main.get_command(app)
    found = [*_list_json_options(program)]
    assert {"list", "check", "numbers diff", "search", "install", "token log"} <= {*dict(found)}
    assert [name for name, callback in found if callback is not answer_in_json] == []


def _list_json_options(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the callback of each command with ``--json``."""
    # A plugin's command is a line of help until it is asked for.
    command = command.make_context(path, [], resilient_parsing=True).command
    for option in command.params:
        if "--json" in option.opts:
            yield path, inspect.unwrap(option.callback)
    for name, inner in getattr(command, "commands", {}).items():
        yield from _list_json_options(inner, f"{path} {name}".strip())
