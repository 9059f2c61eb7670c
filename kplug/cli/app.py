"""The program ``kplug``: runs the commands and prints errors as sentences."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from kplug import __version__
from kplug.cli.commands import CommandGroup
from kplug.cli.exit_status import ExitStatus, report_error
from kplug.commands.output import find_color

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


def main() -> None:
    """Run the command line, printing errors as sentences and ending with an `ExitStatus`."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(
            errors="replace"
        )  # an encoding may lack characters of plugins' texts
    try:
        app(color=find_color())
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a traceback only on request
        sys.exit(report_error(error))
