"""Formats ``--help``: wraps prose at the terminal's width, but never names or examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import typer

from kplug.cli.exit_status import MEANINGS
from kplug.commands.output import align, find_width
from kplug.display.terminal import wrap
from kplug.registry.policy.environment import TRACEBACK_VARIABLE

_WIDTH = 100  # at most: longer lines are hard to read
_EXAMPLE = "Example: "
_VARIABLES = {
    f"{TRACEBACK_VARIABLE}=1": "Show the traceback of an error.",
    "NO_COLOR=1": "Print without colours. FORCE_COLOR=1 prints them into files and pipes too.",
}


class PlainHelp:
    """Mixin that formats the help of kplug's commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of a command."""
        width = min(find_width() or _WIDTH, _WIDTH)
        formatter.write("\n".join(_write(ctx.command, ctx, width)) + "\n")


def find_examples(text: str) -> list[str]:
    """Return the examples in a command's docstring: the lines that begin with ``Example:``."""
    paragraphs = _split(text)
    return [one.removeprefix(_EXAMPLE) for one in paragraphs if one.startswith(_EXAMPLE)]


def _split(text: str) -> list[str]:
    return [" ".join(one.split()) for one in re.split(r"\n\s*\n", text.strip())]


def _write(command: Any, ctx: Any, width: int) -> Iterator[str]:
    usage = " ".join((ctx.command_path, *command.collect_usage_pieces(ctx)))
    yield from wrap(f"Usage: {usage}", width)
    text = command.help or ""
    for paragraph in _split(text):
        if not paragraph.startswith(_EXAMPLE):
            yield from ("", *wrap(paragraph, width, hanging=0))
    for title, rows in _list_tables(command, ctx):
        yield from _write_section(title, align(rows, width))
    yield from _write_section("Examples", [f"  {one}" for one in find_examples(text)])


def _list_tables(command: Any, ctx: Any) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    records = [(each, each.get_help_record(ctx)) for each in command.get_params(ctx)]
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        yield title, [row for each, row in records if row and each.param_type_name == kind]
    if hasattr(command, "list_commands"):
        names = command.list_commands(ctx)
        commands = [(name, command.get_command(ctx, name)) for name in names]
        for panel, group in groupby(commands, lambda pair: pair[1].rich_help_panel or "Commands"):
            yield panel, [(name, _summarize(each.help)) for name, each in group]
    if ctx.parent is None:
        yield "Exit status", [(str(int(one)), text) for one, text in MEANINGS.items()]
        yield "Environment", list(_VARIABLES.items())


def _summarize(text: str | None) -> str:
    return next(iter(_split(text or "")), "")


def _write_section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield from ("", typer.style(f"{title}:", bold=True), *lines)
