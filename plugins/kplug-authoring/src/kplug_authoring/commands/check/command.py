"""``kplug check``: runs the contract suite on a distribution or a component."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
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
from kplug.display.messages import quote
from kplug.display.terminal import wrap
from kplug.errors import KplugError
from kplug.inspection import list_distributions
from kplug_authoring.commands.check.badge import write_badge
from kplug_authoring.commands.check.printing import print_report, write_junit
from kplug_authoring.commands.check.report import Report
from kplug_authoring.commands.check.selection import select
from kplug_authoring.levels import LEVELS, Level

Writer = Callable[[Report, Path], None]


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
BadgeOption = Annotated[
    Path | None,
    typer.Option(
        "--badge", metavar="FILE.svg", help="Write the level of the distribution as a picture too."
    ),
]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--level",
        metavar="LEVEL",
        help="Run the checks as far as this level (bronze, silver, gold), and fail what does not reach it. "
        "Gold compiles models and starts processes.",
        autocompletion=lambda: list(LEVELS),
    ),
]
AcceptOption = Annotated[
    bool,
    typer.Option(
        "--accept",
        help="Record the numbers of the distribution anew first, and list those that have changed.",
    ),
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
    badge: BadgeOption = None,
    level: LevelOption = None,
    is_accepting: AcceptOption = False,
    is_strict: StrictOption = False,
) -> None:
    """Run the contract suite on what a plugin offers, and look at its declarations.

    It imports and runs the components. Where kplug-numbers is installed, what they compute is compared with
    the numbers that the plugin has recorded with `kplug numbers record`; --accept records them anew.

    Each component has a level: bronze (it is declared and imported, can be made, and survives text and
    JSON), silver (the whole contract) or gold (half types, any order in memory, the contract in other
    contexts, compiled, in several processes, recorded numbers, and those of a reference). A rule that its
    author leaves out counts as kept, and the reason is shown.

    Exit status: 0 if all holds, 1 if anything fails, 2 if nothing has the name.

    Example: kplug check kplug-acme --junit report.xml

    Example: kplug check kplug-acme --level gold --badge level.svg
    """
    report = Report(asked, is_strict)
    try:
        report.level = _read_level(level)
        _fill(report, example or [], {write_junit: junit, write_badge: badge}, is_accepting)
    except KplugError as error:
        typer.echo(f"kplug: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        print_json(report.as_data())
    else:
        print_report(report)
    raise typer.Exit(0 if report.has_passed else 1)


def _read_level(text: str | None) -> Level | None:
    found = next((level for level in LEVELS if level == text), None)
    if text is not None and found is None:
        raise KplugError(
            f"there is no level {quote(text)}", hint=f"Levels are {', '.join(LEVELS)}."
        )
    return found


def _fill(
    report: Report, examples: list[str], files: Mapping[Writer, Path | None], is_accepting: bool
) -> None:
    selection = select(report.asked)
    for file in filter(None, files.values()):
        if not file.resolve().parent.is_dir():
            raise KplugError(f"there is no folder for {str(file)!r}", hint="Make it first.")
        if file.is_dir():
            raise KplugError(f"{str(file)!r} is a folder", hint="Name a file in it.")
    if files[write_badge] and len(selection.whole) != 1:
        raise KplugError("a badge is of one distribution", hint="Name it: kplug check kplug-acme.")
    if is_accepting and (len(selection.whole) != 1 or report.asked is None):
        raise KplugError(
            "--accept records the numbers of one distribution",
            hint="Name it: kplug check kplug-acme.",
        )
    # This imports torch.
    from kplug_authoring.commands.check.running import accept_numbers, run_checks

    if is_accepting:
        report.accepted = accept_numbers(selection.whole)
    run_checks(selection, examples, report, _tell)
    for write, place in files.items():
        if place is not None:
            write(report, place)


def _tell(name: str) -> None:
    if width := find_width(sys.stderr):
        typer.echo("\n".join(wrap(f"checking {name} …", width)), err=True)
