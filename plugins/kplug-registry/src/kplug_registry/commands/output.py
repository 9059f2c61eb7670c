"""What the commands print: lines that no text from a registry can break, or make a terminal obey."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        typer.echo("".join(mark if mark.isprintable() else "?" for mark in line))


def print_json(data: Mapping[str, Any]) -> None:
    """Print JSON, with the version of its schema first, as kplug's own commands do."""
    typer.echo(json.dumps({"schema": 1, **data}, indent=2))
