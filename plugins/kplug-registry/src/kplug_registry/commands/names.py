"""``kplug names``: reserves names in a registry, and allows some that are held."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from packaging.requirements import InvalidRequirement, Requirement

from kplug_registry.commands.output import print_lines
from kplug_registry.commands.publish import Site
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import (
    allow_libraries,
    allow_names,
    list_names,
    reserve_names,
)
from kplug_registry.storage import open_storage

_LARGEST = 64 << 20  # bytes of a file of names

names = typer.Typer(no_args_is_help=True)

IsUndo = Annotated[bool, typer.Option("--undo", help="Take it back.")]


@names.callback()
def options() -> None:
    """Say which new names a registry takes: those of others, and those like them, are held.

    Example: kplug names allow kplug-keras4 --to site

    Example: kplug names reserve public-names.txt --to site
    """


@names.command()
def allow(
    distributions: Annotated[
        list[str], typer.Argument(metavar="NAME", help="A name that may be published.")
    ],
    to: Site,
    is_undo: IsUndo = False,
) -> None:
    """Allow names that are held. Whoever publishes one first owns it.

    Example: kplug names allow kplug-keras4 --to site
    """
    allow_names(open_storage(to), distributions, is_undone=is_undo)
    state = "held if they are others'" if is_undo else "allowed"
    print_lines([f"{to}: {', '.join(distributions)}: {state}"])


@names.command()
def library(
    distributions: Annotated[
        list[str], typer.Argument(metavar="NAME", help="A library that plugins require.")
    ],
    to: Site,
    is_undo: IsUndo = False,
) -> None:
    """Allow wheels without components: libraries that plugins require. Their names are not held.

    Example: kplug names library acme-waves-core --to site
    """
    allow_libraries(open_storage(to), distributions, is_undone=is_undo)
    state = "has to offer components" if is_undo else "may be a library"
    print_lines(f"{to}: {name}: {state}" for name in distributions)


@names.command()
def reserve(
    file: Annotated[
        Path,
        typer.Argument(
            help="Names, one a line, as a list of requirements has them; '#' is a comment."
        ),
    ],
    to: Site,
    is_undo: IsUndo = False,
) -> None:
    """Reserve names: those that a public index has, and those that your policies list.

    Example: kplug names reserve public-names.txt --to site
    """
    found = _read(file)
    reserve_names(open_storage(to), found, is_undone=is_undo)
    print_lines([f"{to}: {len(found)} names are {'no longer ' * is_undo}reserved"])


@names.command("list")
def list_all(to: Site) -> None:
    """List the names that are allowed, those of libraries, that are reserved, and that releases require.

    Example: kplug names list --to site
    """
    print_lines(
        f"{name}  {what}" for what, found in list_names(open_storage(to)).items() for name in found
    )


def _read(file: Path) -> list[str]:
    try:
        if file.stat().st_size > _LARGEST:
            raise PublishingError(f"{file} is larger than {_LARGEST} bytes")
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise PublishingError(
            f"{file} cannot be read: {error.strerror}", hint="Give a file with one name a line."
        ) from error
    texts = {number: line.partition("#")[0].strip() for number, line in enumerate(lines, 1)}
    return [_parse(text, f"{file}, line {number}") for number, text in texts.items() if text]


def _parse(text: str, where: str) -> str:
    try:
        return Requirement(text).name
    except InvalidRequirement as error:
        raise PublishingError(
            f"{where}: {text[:80]!r} is no name of a distribution",
            hint="Write one name a line, such as kplug-waves or kplug-waves>=1.",
        ) from error
