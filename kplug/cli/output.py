"""What commands print: JSON that says its schema, and lines that a terminal does not break inside names."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import typer

from kplug.registry.quoting import make_printable

_LEAST_ROOM = 24  # for texts beside names; where there is less, they stand below

SCHEMA = 1  # raised when a key goes or changes its meaning; a new key does not raise it


def print_json(data: Mapping[str, Any]) -> None:
    """Print JSON, with the version of its schema first."""
    typer.echo(json.dumps({"schema": SCHEMA, **data}, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are; to a terminal, broken at its width between words, never inside one."""
    width = find_width()
    for line in lines:
        typer.echo("\n".join(wrap(make_printable(line), width)))


def find_width(stream: TextIO | None = None) -> int | None:
    """Return the width of the terminal, or None where a stream (standard output) goes elsewhere."""
    is_terminal = (stream or sys.stdout).isatty()
    return shutil.get_terminal_size().columns if is_terminal else None


def find_color() -> bool | None:
    """Return whether the environment wants colours; None if that depends on where the output goes."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def wrap(line: str, width: int | None, hanging: int = 2) -> list[str]:
    """Return a line in pieces of a width, all but the first indented further; whole without a width.

    Example:
        >>> wrap("  off: my-own-plugin/dice_loss", 16)
        ['  off:', '    my-own-plugin/dice_loss']
    """
    if width is None or len(line) <= width:
        return [line]
    text = line.lstrip()
    indent = " " * (len(line) - len(text))
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def align(rows: Sequence[tuple[str, str]], width: int | None, indent: int = 2) -> Iterator[str]:
    """Yield the lines of names with texts beside them, or below them where there is little room.

    Example:
        >>> list(align([("huber", "A loss."), ("mean_squared_error", "A loss, too.")], 24))
        ['  huber', '    A loss.', '  mean_squared_error', '    A loss, too.']
        >>> list(align([("huber", "A loss."), ("mae", "A loss, too.")], 24))
        ['  huber   A loss.', '  mae     A loss, too.']
    """
    margin = " " * indent
    column = max((len(name) for name, _ in rows), default=0) + 3
    longest = max((len(text) for _, text in rows), default=0)
    room = None if width is None else width - indent - column
    is_beside = room is None or room >= min(longest, _LEAST_ROOM)
    for name, text in rows:
        if is_beside:
            first, *rest = wrap(text, room, hanging=0) or [""]
            yield f"{margin}{name:<{column}}{first}".rstrip()
            yield from (f"{margin}{'':<{column}}{line}" for line in rest)
        else:
            yield f"{margin}{name}"
            yield from wrap(f"{margin}  {text}", width, hanging=0) if text else ()
