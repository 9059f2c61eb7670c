"""``kplug facts``: writes what an author states about a wheel."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from kplug_registry.commands.index import illustrate, read_given
from kplug_registry.commands.output import print_lines
from kplug_registry.drawing import add_pictures, make_facts
from kplug_registry.site_format import to_json
from kplug_registry.wheels import add_results, facts_path, read_wheels


def facts(
    wheel: Annotated[Path, typer.Argument(metavar="WHEEL", help="The wheel.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file to write; WHEEL.facts.json by default, where other commands look for it.",
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What `kplug check NAME --json` printed, to be sent with the wheel.",
        ),
    ] = None,
    has_pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Draw what components do.")
    ] = True,
) -> None:
    """Write what the components of a wheel are where it is installed, for a registry, which runs nothing.

    This imports and runs the plugin. The file is bound to the wheel by its hash; give both to a registry.

    Example: kplug facts dist/kplug_waves-1.0-py3-none-any.whl --results check.json
    """
    text = None if results is None else read_given(results).decode("utf-8", "replace")
    made = make_facts(wheel, text)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / wheel.name
        copyfile(wheel, copy)
        facts_path(copy).write_bytes(to_json(made))
        read = add_results(read_wheels([copy]), ())  # as a registry will
        with illustrate(read, has_pictures) as (illustrated, summary):
            (contents,) = illustrated
            made = add_pictures(made, contents)
    path = out or facts_path(wheel)
    path.write_bytes(to_json(made))
    typer.echo(f"{path}: {len(made.components)} component{'s' * (len(made.components) != 1)}")
    print_lines(summary)
