"""``kplug check``: runs the contract suite on a distribution or a component."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kplug.commands import (
    JsonOption,
    complete_component,
    completing_quietly,
    find_width,
    print_json,
)
from kplug.display.terminal import wrap
from kplug.errors import KplugError
from kplug.inspection import list_distributions
from kplug_authoring.commands.check.printing import print_report, write_junit
from kplug_authoring.commands.check.report import Report
from kplug_authoring.commands.check.selection import select


def _complete(context: typer.Context, incomplete: str) -> list[str]:
    """Return the completions: packages and components."""
    with completing_quietly():
        packages = [origin.distribution for origin in list_distributions()]
        return [*packages, *complete_component(context, incomplete)]
    return []


Asked = Annotated[
    str | None,
    typer.Argument(
        metavar="DISTRIBUTION|NAME",
        help="A distribution, or a component: dice_loss, kplug-acme/dice_loss, loss/dice_loss. All "
        "plugins by default.",
        show_default=False,
        autocompletion=_complete,
    ),
]
ExampleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--example",
        metavar="SPEC",
        help="What a component is made with, such as 'huber(delta=2.0)'. May be repeated.",
    ),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit's XML too.")
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Let warnings fail too: arguments without documentation or types, light modules that import "
        "much.",
    ),
]


def check(
    asked: Asked = None,
    example: ExampleOption = None,
    as_json: JsonOption = False,
    junit: JunitOption = None,
    is_strict: StrictOption = False,
) -> None:
    """Run the contract suite on what a plugin offers, and look at its declarations.

    It imports and runs the components.

    Exit status: 0 if all holds, 1 if anything fails, 2 if nothing has the name.

    Example: kplug check kplug-acme --junit report.xml
    """
    report = Report(asked, is_strict)
    try:
        _fill(report, example or [], junit)
    except KplugError as error:
        typer.echo(f"kplug: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        print_json(report.as_data())
    else:
        print_report(report)
    raise typer.Exit(0 if report.has_passed else 1)


def _fill(report: Report, examples: list[str], junit: Path | None) -> None:
    selection = select(report.asked)
    if junit is not None and not junit.resolve().parent.is_dir():
        raise KplugError(f"there is no folder for {str(junit)!r}", hint="Make it first.")
    if junit is not None and junit.is_dir():
        raise KplugError(f"{str(junit)!r} is a folder", hint="Name a file in it.")
    from kplug_authoring.commands.check.running import run_checks  # imports torch

    run_checks(selection, examples, report, _tell)
    if junit is not None:
        write_junit(report, junit)


def _tell(name: str) -> None:
    if width := find_width(sys.stderr):
        typer.echo("\n".join(wrap(f"checking {name} …", width)), err=True)
