"""Exit statuses of ``kplug``, and how errors are reported."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from enum import IntEnum

import typer

from kplug.commands.output import find_color, find_width, paint_commands
from kplug.display.terminal import wrap
from kplug.errors import KplugError
from kplug.registry.policy.environment import TRACEBACK_VARIABLE, wants_traceback
from kplug.registry.problems import describe_error
from kplug.registry.quoting import make_printable


class ExitStatus(IntEnum):
    """The exit statuses of all commands."""

    DONE = 0
    WRONG = 1
    FAILED = 2
    INTERRUPTED = 130
    CLOSED = 141


MEANINGS = {
    ExitStatus.DONE: "It is done, and nothing is wrong.",
    ExitStatus.WRONG: "It is done, and something is wrong: a check failed, a plugin is broken, a lock "
    "differs, a name leads nowhere. Or you answered no.",
    ExitStatus.FAILED: "It cannot be done: an error, or a mistake in the command line.",
    ExitStatus.INTERRUPTED: "Ctrl-C stopped it.",
    ExitStatus.CLOSED: "Whoever read the output stopped reading, as head does.",
}


_MARK = "kplug:"  # of an error


def report_error(error: Exception) -> ExitStatus:
    """Print an error on standard error, with its traceback if the environment requests it."""
    if wants_traceback(os.environ):
        traceback.print_exception(error)
    for line in f"{_MARK} {_explain(error)}".splitlines():
        for piece in wrap(make_printable(line), find_width(sys.stderr)):
            typer.echo(_paint(piece), err=True, color=find_color())
    return ExitStatus.FAILED


def _paint(line: str) -> str:
    mark = _MARK if line.startswith(_MARK) else ""
    start = typer.style(mark, fg="red", bold=True) if mark else ""
    return f"{start}{paint_commands(line.removeprefix(mark))}"


def _explain(error: Exception) -> str:
    if isinstance(error, KplugError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        place = f"{os.fspath(error.filename)!r}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return f"{describe_error(error)}\n  {TRACEBACK_VARIABLE}=1 shows where this comes from."


@contextlib.contextmanager
def ending_quietly() -> Iterator[None]:
    """End silently after Ctrl-C or a broken pipe, and discard further output; colour usage errors.

    Raises:
        typer.Exit: in these cases.
    """
    try:
        yield
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitStatus.CLOSED) from error
    except typer.Abort as error:  # typer's prompts treat Ctrl-C, Ctrl-D and no alike
        if isinstance(error.__context__, KeyboardInterrupt):
            raise typer.Exit(ExitStatus.INTERRUPTED) from error
        raise
    except Exception as error:
        if hasattr(error, "format_message"):  # a mistake in the command line, which typer prints
            text = typer.style(error.format_message(), fg="red")
            vars(error)["format_message"] = lambda: text
        raise
