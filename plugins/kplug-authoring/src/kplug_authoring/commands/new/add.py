"""``kplug add``: adds a component to an existing plugin."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import typer
from packaging.utils import canonicalize_name

from kplug import get_kind
from kplug.commands import complete_kind
from kplug_authoring.commands.new.files import NewComponent, render_component
from kplug_authoring.commands.new.names import check_component
from kplug_authoring.commands.new.pyproject import find_pyproject
from kplug_authoring.commands.new.writing import add_files

AddKind = Annotated[
    str,
    typer.Argument(metavar="KIND", help="Its kind, such as loss.", autocompletion=complete_kind),
]
AddName = Annotated[
    str, typer.Argument(metavar="NAME", help="The name of the component, such as focal_loss.")
]


def add(kind: AddKind, name: AddName) -> None:
    """Add a component to the plugin around the working directory: an example, its tests, its entry point.

    The rest of pyproject.toml stays as it is written. Nothing is changed if anything is wrong.

    Example: kplug add loss focal_loss
    """
    component = NewComponent(get_kind(kind), name)
    pyproject = find_pyproject()
    distribution, home = pyproject.distribution, pyproject.find_package()
    warning = check_component(component, canonicalize_name(distribution))
    target = component.target(home.name)
    text = pyproject.add_entry_point(component.kind.group, name, target)
    files = render_component(component, home.name, PurePosixPath(home.as_posix()))
    add_files(pyproject.folder, files, pyproject.path, text)
    if warning:
        typer.secho(f"note: {warning}", fg="yellow", err=True)
    typer.echo(f"{distribution} has the {component.kind.name} {name}:")
    for path in (*files, "pyproject.toml"):
        typer.echo(f"  {path}")
    typer.echo(
        "Install it again, as entry points are read then:\n\n"
        f"  pip install -e {pyproject.folder}\n  kplug check {distribution}/{name}"
    )
