"""The command ``kplug stubs``: writes or checks the stubs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kplug.commands import diverting_output
from kplug.display.messages import make_printable
from kplug.inspection import list_problems
from kplug_authoring.commands.stubs.files import (
    describe_changes,
    find_package,
    list_names,
    require_ours,
    write_package,
)
from kplug_authoring.commands.stubs.module_text import write_module

FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        help="Where the folder kplug-stubs is written. By default it is the site-packages of this Python.",
        show_default=False,
    ),
]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit status 1 if the file is out of date.")
]
NoImportOption = Annotated[
    bool, typer.Option("--no-import", help="Write the names alone, and import no component.")
]


def stubs(
    folder: FolderArgument = None, is_check: CheckOption = False, no_import: NoImportOption = False
) -> None:
    """Tell type checkers and editors the names of the installed components, and their arguments.

    This writes kplug-stubs/names.pyi. mypy, pyright and editors that use them then refuse a misspelt name in
    `model.compile(loss="…")` and in layers, and complete names and arguments. Components are imported for
    their arguments, unless --no-import is given.

    Example: kplug stubs

    Example: kplug stubs --check
    """
    package = find_package(folder)
    require_ours(package)
    failures: list[str] = []
    with diverting_output():  # a module may print to stdout
        text = write_module(not no_import, failures)
    for message in [*failures, *(str(one) for one in list_problems() if not one.is_advice)]:
        typer.secho(make_printable(f"broken: {message}"), fg="yellow", err=True)
    if is_check:
        _compare(package / "names.pyi", text)
    else:
        write_package(package, text)
        typer.echo(f"{package / 'names.pyi'}: {len(list_names(text))} names")


def _compare(module: Path, text: str) -> None:
    """Print the differences from the written stubs; exit with status 1 if there are any."""
    written = module.read_text(encoding="utf-8") if module.exists() else ""
    if written == text:
        typer.echo(f"{module} is up to date.")
        return
    state = "is out of date" if written else "does not exist"
    changes = describe_changes(written, text) or "arguments differ"
    typer.echo(f"{module} {state}: {changes}\n  Run `kplug stubs`.")
    raise typer.Exit(1)
