"""Put the commands together, and print errors as sentences."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from kplug import __version__
from kplug.cli.bench.command import bench
from kplug.cli.demo.command import demo
from kplug.cli.docs import write_docs
from kplug.cli.env import show_settings
from kplug.cli.listing import list_components
from kplug.cli.new.add import add
from kplug.cli.new.command import new
from kplug.cli.show import show
from kplug.errors import KplugError

app = typer.Typer(
    name="kplug",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
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


app.command(name="list")(list_components)
app.command(name="show")(show)
app.command(name="env")(show_settings)
app.command(name="docs")(write_docs)
app.command(name="new")(new)
app.command(name="add")(add)
app.command(name="demo")(demo)
app.command(name="bench")(bench)


def main() -> None:
    """Run the command line; an error of kplug's own is printed without a traceback, exit status 1."""
    try:
        app()
    except KplugError as error:
        typer.echo(f"kplug: {error}", err=True)
        sys.exit(1)
