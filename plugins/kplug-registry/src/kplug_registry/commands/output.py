"""Prints lines so that no text from a registry can break one or control the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        typer.echo("".join(mark if mark.isprintable() else "?" for mark in line))
