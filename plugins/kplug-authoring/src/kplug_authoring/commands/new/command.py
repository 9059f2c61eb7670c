"""``kplug new``: writes the distribution of a plugin."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from packaging.utils import canonicalize_name

from kplug import get_kind, lookup_key
from kplug.errors import KplugError
from kplug.inspection import KINDS
from kplug_authoring.commands.new.files import NewComponent, render_project
from kplug_authoring.commands.new.names import check_component, check_distribution
from kplug_authoring.commands.new.writing import write_folder

NewName = Annotated[
    str | None,
    typer.Argument(
        help="Name of the distribution, such as kplug-acme. Asked for in a terminal.",
        show_default=False,
    ),
]


def _names(kind: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        f"--{kind}", metavar="NAME", help=f"Write {KINDS[kind].with_article} of this name."
    )
    return option


def new(
    name: NewName = None,
    initializer: Annotated[list[str] | None, _names("initializer")] = None,
    regularizer: Annotated[list[str] | None, _names("regularizer")] = None,
    loss: Annotated[list[str] | None, _names("loss")] = None,
    optimizer: Annotated[list[str] | None, _names("optimizer")] = None,
    activation: Annotated[list[str] | None, _names("activation")] = None,
    constraint: Annotated[list[str] | None, _names("constraint")] = None,
    metric: Annotated[list[str] | None, _names("metric")] = None,
    layer: Annotated[list[str] | None, _names("layer")] = None,
    schedule: Annotated[list[str] | None, _names("schedule")] = None,
    callback: Annotated[list[str] | None, _names("callback")] = None,
) -> None:
    """Write a plugin's distribution into a new folder: components, tests, README, changelog, CI, licence.

    Each component is a small example that works: replace it. Options may be repeated.

    Without a name it asks for everything.

    Example: kplug new kplug-acme --loss dice_loss --regularizer l1_reg
    """
    given = {kind: names or [] for kind, names in locals().items() if kind in KINDS}
    wanted = [NewComponent(KINDS[kind], one) for kind, names in given.items() for one in names]
    if name is None:
        if not _is_terminal():
            raise KplugError(
                "there is no name for the new distribution, and no terminal to ask in",
                hint="Give it: kplug new kplug-acme --loss dice_loss --regularizer l1_reg.",
            )
        name = _ask_name()
        wanted += _ask_components(canonicalize_name(name))
    write_distribution(name, wanted)


def write_distribution(name: str, components: list[NewComponent]) -> None:
    """Check the names, write the folder, and print the next steps.

    Raises:
        KplugError: if a name is unusable or the folder cannot be written; nothing is changed then.
    """
    package = check_distribution(name)
    wanted = components or [_default(package)]
    seen: set[tuple[str, str]] = set()
    for component in wanted:
        warning = check_component(component, canonicalize_name(name))
        key = (component.kind.name, lookup_key(component.name))
        if key in seen:
            raise KplugError(
                f"the {component.kind.name} {component.name!r} is asked for twice",
                hint="Case, '_' and '-' do not matter in names. Give one of them another name.",
            )
        seen.add(key)
        if warning:
            typer.secho(f"note: {warning}", fg="yellow", err=True)
    write_folder(Path.cwd() / name, render_project(name, package, wanted))
    listed = ", ".join(f"the {one.kind.name} {one.name}" for one in wanted)
    typer.echo(
        f"{name} has {listed}. Next:\n\n"
        f"  pip install -e {name}\n  kplug check {name}\n  kplug numbers record {name}"
    )


def _default(package: str) -> NewComponent:
    """Return the default component of a new distribution: a loss with its name."""
    stem = package.removeprefix("kplug_").removesuffix("_loss")
    return NewComponent(KINDS["loss"], f"{stem}_loss")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _ask_name() -> str:
    def read(text: str) -> str:
        try:
            check_distribution(text)
        except KplugError as error:
            raise typer.BadParameter(str(error)) from error
        return text

    name: str = typer.prompt("Name of the distribution, such as kplug-acme", value_proc=read)
    return name


def _ask_components(distribution: str) -> Iterator[NewComponent]:
    def read(text: str) -> NewComponent | None:
        if not text.strip():
            return None
        kind, _, name = text.strip().partition(" ")
        try:
            component = NewComponent(get_kind(kind), name.strip())
            check_component(component, distribution)
        except KplugError as error:
            raise typer.BadParameter(str(error)) from error
        return component

    typer.echo(f"Kinds: {', '.join(KINDS)}.")
    question = "A component, such as 'loss dice_loss' (empty: no more)"
    while component := typer.prompt(question, default="", show_default=False, value_proc=read):
        yield component
