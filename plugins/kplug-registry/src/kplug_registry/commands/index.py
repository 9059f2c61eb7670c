"""``kplug index``: builds a site from wheels, and verifies one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kplug.errors import MissingLibraryError
from kplug_registry.building.owners import OPERATOR
from kplug_registry.commands.output import print_lines
from kplug_registry.drawing import PictureMaker
from kplug_registry.errors import PublishingError
from kplug_registry.publishing import create_site, verify as verify_site, write_pages
from kplug_registry.site_format import current_time
from kplug_registry.storage import open_storage
from kplug_registry.wheels import (
    DeclaredComponent,
    SuppliedResults,
    WheelContents,
    add_results,
    read_check_report,
    read_declared,
    read_wheels,
)

_LARGEST = 16 << 20  # bytes of a file given beside wheels

index = typer.Typer(no_args_is_help=True)

Site = Annotated[
    str, typer.Argument(metavar="SITE", help="The folder of the site, or s3://BUCKET/PATH.")
]
Wheels = Annotated[
    list[Path], typer.Argument(metavar="WHEELS", help="Wheels, or folders of wheels.")
]
SomeWheels = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="WHEELS",
        help="Wheels, or folders of wheels; none for an empty site.",
        show_default=False,
    ),
]
Declared = Annotated[
    Path | None,
    typer.Option(
        "--components",
        metavar="FILE",
        help="What `kplug list --json` printed where the plugins are installed: for those that declare "
        "components in code.",
    ),
]


Pictures = Annotated[
    bool,
    typer.Option(
        "--pictures",
        help="Draw what components do. This imports and runs the plugins of the wheels, as far as they are "
        "installed here in the same build and may load.",
    ),
]
Results = Annotated[
    list[Path] | None,
    typer.Option(
        "--results",
        metavar="FILE",
        help="What `kplug check NAME --json` printed where the wheel is installed: it is shown as supplied "
        "by the publisher. May be repeated.",
    ),
]


@index.callback()
def options() -> None:
    """Build and check the site of a registry.

    Example: kplug index build dist --out site

    Example: kplug index verify site

    Example: kplug index pages site
    """


@index.command()
def build(
    wheels: SomeWheels = None,
    *,
    out: Annotated[
        str,
        typer.Option("--out", metavar="SITE", help="The folder to write, or s3://BUCKET/PATH."),
    ],
    components: Declared = None,
    has_pictures: Pictures = False,
    results: Results = None,
    publisher: Annotated[
        str, typer.Option(metavar="NAME", help="Who owns the distributions.")
    ] = OPERATOR,
    libraries: Annotated[
        list[str] | None,
        typer.Option(
            "--library", metavar="NAME", help="A library that plugins require. May be repeated."
        ),
    ] = None,
) -> None:
    """Write a site from wheels, without running anything in them.

    Example: kplug index build dist --out site

    Example: kplug index build --out empty-site
    """
    declared = load_declared(components)
    read = read_wheels(list_wheels(wheels or []), declared)
    contents = add_results(read, load_results(results))
    with illustrate(contents, has_pictures) as (illustrated, summary):
        count = create_site(
            illustrated, open_storage(out), current_time(), publisher, libraries or ()
        )
        typer.echo(f"{out}: {count} wheel{'s' * (count != 1)}")
        print_lines(summary)


@index.command()
def verify(site: Site) -> None:
    """Compare all files of a site with its wheels and with one another; exit status 1 if anything differs.

    A publish that was interrupted is completed first.

    Example: kplug index verify site
    """
    problems = verify_site(open_storage(site))
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{site}: {f'{len(problems)} problems' if problems else 'sound'}")
    if problems:
        raise typer.Exit(1)


@index.command()
def pages(site: Site) -> None:
    """Write the pages of a site again, for people and for pip, after an upgrade of kplug-registry.

    They are made of the other files, which stay as they are, so nothing has to be signed. Only pages that
    differ are written, and files in their folders that are no pages are removed. If it is interrupted, the
    next call goes on.

    Example: kplug index pages site
    """
    counts = write_pages(open_storage(site))
    done = f"{counts.written} of {counts.pages} pages written, {counts.removed} removed"
    typer.echo(f"{site}: {done}")


def list_wheels(paths: list[Path]) -> Iterator[Path]:
    """Yield the given wheels, and all wheels in the given folders.

    Raises:
        PublishingError: for a path without wheels.
    """
    for path in paths:
        names = sorted(each.name for each in path.glob("*.whl")) if path.is_dir() else [""]
        if not names or not (path / names[0]).is_file():
            raise PublishingError(
                f"there is no wheel at {path}", hint="Build one with: python -m build"
            )
        yield from (path / name for name in names)  # one by one: there may be very many


@contextmanager
def illustrate(
    wheels: Iterable[WheelContents], has_pictures: bool
) -> Iterator[tuple[Iterable[WheelContents], Iterator[str]]]:
    """Yield the wheels, with pictures if requested, and the lines that summarise the pictures.

    Raises:
        MissingLibraryError: if the drawing library is not installed.
    """
    if not has_pictures:
        yield wheels, iter(())
        return
    if missing := [name for name in ("matplotlib", "torch") if find_spec(name) is None]:
        raise MissingLibraryError(
            f"--pictures needs {' and '.join(missing)}, which cannot be imported",
            hint='Install it with: pip install "kplug[plot]"',
        )
    with PictureMaker() as maker:
        yield map(maker.add_pictures, wheels), maker.summarize()


def load_declared(path: Path | None) -> tuple[DeclaredComponent, ...]:
    """Return the components of a file; none without a file."""
    if path is None:
        return ()
    return read_declared(read_given(path), str(path))


def load_results(paths: list[Path] | None) -> list[SuppliedResults]:
    """Return the results of the contract suite in some files."""
    return [one for path in paths or () for one in read_check_report(read_given(path), str(path))]


def read_given(path: Path) -> bytes:
    """Return the content of a file with a command's output."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST + 1)
    except OSError as error:
        raise PublishingError(
            f"{path} cannot be read: {error.strerror}",
            hint="Write it where the plugins are installed: kplug list --json > components.json, or "
            "kplug check --json > results.json",
        ) from error
    if len(text) > _LARGEST:
        raise PublishingError(f"{path} is larger than {_LARGEST} bytes")
    return text
