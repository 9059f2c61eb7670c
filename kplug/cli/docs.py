"""``kplug docs``: one page in Markdown for each kind, about every component that is installed."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from kplug import __version__
from kplug.cli.markdown import docstring_as_markdown, escape, fence
from kplug.cli.show import describe, format_signature
from kplug.errors import KplugError
from kplug.registry import KINDS, REGISTRY, Component, Kind
from kplug.registry.lookup_keys import keys_of, lookup_key

FolderArgument = Annotated[
    Path, typer.Argument(help="Where the pages go; it is made if it is missing.", file_okay=False)
]

# What the documentation of built-in components points to with "see", by kind.
_SHARED = {
    "loss": "kplug.losses:Loss",
    "metric": "kplug.metrics:Metric",
    "optimizer": "kplug.optimizers:CommonArguments",
    "layer": "kplug.layers:Layer",
}


def write_docs(folder: FolderArgument) -> None:
    """Write one page for each kind: losses.md, optimizers.md and so on.

    A page says of every installed component what it takes, what it does and which package supplies it.
    This imports them all.

    Example: kplug docs docs/components
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS.values():
        page = folder / f"{kind.plural}.md"
        page.write_text(make_page(kind), encoding="utf-8")
        typer.echo(f"{page}: {len(REGISTRY.components(kind))} {kind.plural}")


def make_page(kind: Kind) -> str:
    """Return the page about the components of a kind."""
    components = sorted(
        REGISTRY.components(kind),
        key=lambda one: (
            not one.origin.is_built_in,
            one.origin.distribution,
            one.name.casefold(),
        ),
    )
    ours = [component for component in components if component.origin.distribution == "kplug"]
    taken = {key for component in ours for key in keys_of(component)}
    described = [(component, _describe(kind, component)) for component in components]
    parts = [
        f"# {kind.plural.capitalize()}",
        f"Everything that can be named where {kind.with_article} is wanted, from every package that is "
        f"installed. Written by `kplug docs`, kplug {__version__}.",
        _table(described),
        *(_entry(component, facts, taken) for component, facts in described),
        _shared(kind),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _describe(kind: Kind, component: Component) -> dict[str, Any] | KplugError:
    try:
        return describe(kind, component)
    except KplugError as error:
        return error


def _table(described: list[tuple[Component, dict[str, Any] | KplugError]]) -> str:
    rows = [
        f"| [{component.qualified_name}](#{_anchor(component.qualified_name)}) "
        f"| {component.origin} | {escape(_summary(component, facts))} |"
        for component, facts in described
    ]
    return "\n".join(["| name | package | what it is |", "|---|---|---|", *rows])


def _summary(component: Component, facts: dict[str, Any] | KplugError) -> str:
    if isinstance(facts, KplugError):
        return component.summary or "It cannot be loaded."
    return component.summary or str(facts["documentation"]).partition("\n")[0]


def _anchor(title: str) -> str:
    """Return the address of a heading, as GitHub and most other readers make it."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in "_-")


def _entry(component: Component, facts: dict[str, Any] | KplugError, taken: set[str]) -> str:
    heading = f"## {component.qualified_name}"
    if isinstance(facts, KplugError):
        return f"{heading}\n\nIt cannot be loaded:\n\n{fence(str(facts), 'text')}"
    parts = [
        heading,
        fence(_written_as(component, facts, taken), "python"),
        _origin(facts),
        facts["deprecated"] and f"Deprecated: {escape(facts['deprecated'])}",
        docstring_as_markdown(facts["documentation"]),
    ]
    return "\n\n".join(filter(None, parts))


def _written_as(component: Component, facts: dict[str, Any], taken: set[str]) -> str:
    """Return the signature, with the package where the bare name means another component."""
    is_another = component.origin.distribution != "kplug" and lookup_key(component.name) in taken
    is_long = component.is_qualified_only or is_another
    name = component.qualified_name if is_long else component.name
    return format_signature({**facts, "name": name})


def _origin(facts: dict[str, Any]) -> str:
    aliases = ", ".join(f"`{alias}`" for alias in facts["aliases"])
    also = f" Also named {aliases}." if aliases else ""
    package = f"{facts['distribution']} {facts['version']}".rstrip()
    return f"From {package}, `{facts['target']}`.{also}"


def _shared(kind: Kind) -> str:
    if kind.name not in _SHARED:
        return ""
    target = REGISTRY.load(Component("shared", _SHARED[kind.name]))
    text = docstring_as_markdown(inspect.getdoc(target) or "")
    return f"## What all of kplug's {kind.plural} share: {target.__name__}\n\n{text}"
