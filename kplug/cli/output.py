"""What commands print: JSON that says its schema, and lines that a terminal does not break inside names."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import typer

from kplug.registry.quoting import make_printable

SCHEMA = 1  # raised when a key goes or changes its meaning; a new key does not raise it


def print_json(data: Mapping[str, Any]) -> None:
    """Print JSON, with the version of its schema first."""
    typer.echo(json.dumps({"schema": SCHEMA, **data}, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are; to a terminal, broken at its width between words, never inside one."""
    width = find_width()
    for line in lines:
        typer.echo("\n".join(wrap(make_printable(line), width)))


def find_width() -> int | None:
    """Return the width of the terminal, or None where the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wrap(line: str, width: int | None) -> list[str]:
    """Return a line in pieces of a width, all but the first indented by two more; whole without a width.

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
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
