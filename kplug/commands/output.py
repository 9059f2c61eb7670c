"""Output of commands: JSON with a schema version, and lines never wrapped inside a name."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TextIO, TypeVar

import typer

from kplug.display.terminal import wrap
from kplug.registry.quoting import make_printable, shorten

_LEAST_ROOM = 24  # for texts beside names; with less, they go below

Item = TypeVar("Item")
_IN_BACKQUOTES = re.compile("`[^`]+`")

SCHEMA = 1  # raised when a key goes or changes its meaning; a new key does not raise it


@contextlib.contextmanager
def diverting_output() -> Iterator[None]:
    """Redirect the output of plugins and of their child processes to standard error."""
    kept = _point_at_stderr()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if sys.__stdout__ is not None:  # code may use it by that name
            sys.__stdout__.flush()
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def _point_at_stderr() -> int | None:
    """Point descriptor 1 at descriptor 2; return a duplicate of the old one, if it was open."""
    if sys.stdout is not None:
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    return kept


_answers: list[str] | None = None  # the JSON of the running command


def answer_in_json(context: typer.Context, is_asked: bool) -> bool:
    """Reserve standard output for JSON; the callback of ``--json``."""
    if is_asked and not context.resilient_parsing:
        context.with_resource(_answering())
    return is_asked


JsonOption = Annotated[
    bool,
    typer.Option("--json", callback=answer_in_json, help="Print JSON instead of tables."),
]


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    global _answers
    answers = _answers = []
    try:
        with diverting_output():
            try:
                yield
            finally:
                _flush_libraries()
    finally:
        _answers = None
        for answer in answers:
            typer.echo(answer)


def _flush_libraries() -> None:
    """Flush the buffered output of C libraries, which would otherwise follow the JSON."""
    with contextlib.suppress(
        ImportError, OSError, TypeError, AttributeError
    ):  # Windows has no such name
        import ctypes  # the import takes a twentieth of a command's time

        ctypes.CDLL(None).fflush(None)


def print_json(data: Mapping[str, Any]) -> None:
    """Print JSON at the end of the command, with its schema version first."""
    text = json.dumps({"schema": SCHEMA, **data}, indent=2)
    typer.echo(text) if _answers is None else _answers.append(text)


def print_lines(lines: Iterable[str], paint: Callable[[str], str] = str) -> None:
    """Print lines, wrapped between words at a terminal's width, after ``paint`` has coloured them."""
    width = find_width()
    for line in lines:
        for piece in wrap(make_printable(line), width):
            typer.echo(paint(piece))


def paint_warning(line: str) -> str:
    """Return a line in the colour of warnings, for `print_lines`."""
    return typer.style(line, fg="yellow")


def paint_commands(line: str) -> str:
    """Return a line with what stands in backquotes in colour, for `print_lines`."""
    return _IN_BACKQUOTES.sub(lambda found: typer.style(found[0], fg="cyan"), line)


def find_width(stream: TextIO | None = None) -> int | None:
    """Return the width of the terminal, or None if the stream (standard output) is not one."""
    is_terminal = (stream or sys.stdout).isatty()
    return shutil.get_terminal_size().columns if is_terminal else None


def find_color() -> bool | None:
    """Return whether the environment requests colours; None if it depends on the output."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def showing_progress(items: Sequence[Item], name: Callable[[Item], str]) -> Iterator[Item]:
    """Yield items, and show meanwhile which is the current one, in one line of a terminal's standard error.

    Args:
        items: What is worked through.
        name: Returns the text for an item.
    """
    width = None if os.environ.get("TERM") == "dumb" else find_width(sys.stderr)
    if not width:
        yield from items
        return
    try:
        for at, item in enumerate(items, 1):
            text = shorten(make_printable(f"{at} of {len(items)}: {name(item)}"), width - 1)
            _write_over(text)
            yield item
    finally:
        _write_over("")


def _write_over(text: str) -> None:
    """Replace the current line of the terminal on standard error."""
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


def align(
    rows: Sequence[tuple[str, str]], width: int | None, indent: int = 2, column: int = 0
) -> Iterator[str]:
    """Yield lines with names and texts beside them, or below them if there is little room.

    Args:
        rows: Names with texts.
        width: The width of the terminal, None without one.
        indent: Spaces before each name.
        column: The least width of the column of names.

    Example:
        >>> list(align([("huber", "A loss."), ("mean_squared_error", "A loss, too.")], 24))
        ['  huber', '    A loss.', '  mean_squared_error', '    A loss, too.']
        >>> list(align([("huber", "A loss."), ("mae", "A loss, too.")], 24))
        ['  huber   A loss.', '  mae     A loss, too.']
    """
    margin = " " * indent
    column = max([column, *(len(name) for name, _ in rows)]) + 3
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
