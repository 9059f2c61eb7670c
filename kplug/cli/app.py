"""The program ``kplug``: runs the commands and prints errors as sentences."""

from __future__ import annotations

import io
import shlex
import sys
import warnings
from typing import Annotated

import typer

from kplug import __version__
from kplug.cli.commands import CommandGroup
from kplug.cli.exit_status import ExitStatus, report_error
from kplug.commands.output import find_color, find_width
from kplug.display.terminal import wrap
from kplug.registry import user_warnings
from kplug.registry.quoting import make_printable, shorten

app = typer.Typer(
    name="kplug",
    cls=CommandGroup,
    no_args_is_help=True,
    suggest_commands=False,  # the registry suggests, including plugins' names
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help breaks names in narrow terminals
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"kplug {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Components for Keras-shaped models on PyTorch, and the plugins that offer them."""


_format_as_python = warnings.formatwarning


def _format_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Return a warning that is due to the command as a sentence, and others as Python does."""
    command = user_warnings.command_line
    if command is None or filename != command.text:
        return _format_as_python(message, category, filename, lineno, line)
    text = make_printable(f"{shorten(filename)}: {message}")
    return "\n".join([*wrap(text, find_width(sys.stderr)), ""])


def main() -> None:
    """Run the command line, printing errors as sentences and ending with an `ExitStatus`."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(
            errors="replace"
        )  # an encoding may lack characters of plugins' texts
    command = f"{app.info.name} {shlex.join(sys.argv[1:])}"
    user_warnings.command_line = user_warnings.CommandLine(command, main.__code__)
    warnings.formatwarning = _format_warning
    try:
        app(color=find_color())
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a traceback only on request
        sys.exit(report_error(error))
