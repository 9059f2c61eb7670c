"""``kplug list``: every component that can be named by string, and what is wrong with plugins."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kplug.registry import KINDS, REGISTRY, Component, Kind, get_kind

KindArgument = Annotated[
    str | None,
    typer.Argument(
        help="Only this kind, such as losses. All kinds by default.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
CountOption = Annotated[
    bool, typer.Option("--count", help="Print how many components each package offers.")
]


def list_components(
    kind: KindArgument = None, as_json: JsonOption = False, is_count: CountOption = False
) -> None:
    """List the components that are installed, with the packages that offer them.

    Nothing is imported but the light modules of plugins that declare their components in code.
    """
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    if is_count and as_json:
        typer.echo(json.dumps(_count(kinds), indent=2))
    elif is_count:
        for origin, counts in _count(kinds).items():
            typer.echo(f"{origin}: {', '.join(f'{n} {name}' for name, n in counts.items())}")
    elif as_json:
        typer.echo(json.dumps(_as_data(kinds), indent=2))
    else:
        _print_tables(kinds)


def component_as_data(component: Component) -> dict[str, Any]:
    """Return what is known about a component without importing it, for JSON."""
    return {
        "kind": component.kind,
        "name": component.name,
        "aliases": list(component.aliases),
        "qualified_name": component.qualified_name,
        "distribution": component.origin.distribution,
        "version": component.origin.version,
        "target": component.location,
        "summary": component.summary,
        "deprecated": component.deprecated,
    }


def _as_data(kinds: list[Kind]) -> dict[str, Any]:
    components = [component for kind in kinds for component in REGISTRY.components(kind)]
    refused = REGISTRY.state.discovery.refused
    return {
        "components": [component_as_data(component) for component in components],
        "problems": [
            {
                "distribution": problem.origin.distribution,
                "version": problem.origin.version,
                "message": problem.message,
            }
            for problem in REGISTRY.problems()
        ],
        "disabled": [
            {"distribution": name, "version": supplier.origin.version, "reason": reason}
            for name, (supplier, reason) in refused.items()
        ],
    }


def _count(kinds: list[Kind]) -> dict[str, dict[str, int]]:
    """Return how many components of each kind every package offers."""
    counts: dict[str, dict[str, int]] = {}
    for kind in kinds:
        for component in REGISTRY.components(kind):
            row = counts.setdefault(str(component.origin), {})
            row[kind.plural] = row.get(kind.plural, 0) + 1
    return counts


def _print_tables(kinds: list[Kind]) -> None:
    console = Console()
    for kind in kinds:
        console.print(_table(kind))
    for name, (supplier, reason) in REGISTRY.state.discovery.refused.items():
        console.print(f"off: {name} {supplier.origin.version}: {reason}", style="dim", markup=False)
    for problem in REGISTRY.problems():
        label = "advice" if problem.is_advice else "broken"
        console.print(f"{label}: {problem}", style="yellow", markup=False)


def _table(kind: Kind) -> Table:
    """Return the components of a kind, those of each package under its name."""
    components = REGISTRY.components(kind)
    table = Table(
        title=f"{kind.plural} ({len(components)})",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE,
        show_header=False,
        pad_edge=False,
    )
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for origin, group in groupby(components, key=lambda component: str(component.origin)):
        table.add_row(Text(origin, "underline"))
        for component in group:
            style = None if component.origin.is_built_in else "green"
            is_long = component.is_qualified_only
            name = component.qualified_name if is_long else component.name
            table.add_row(f"  {name}", _explain(component), style=style)
    return table


def _explain(component: Component) -> Text:
    """Return the summary, with the aliases behind it."""
    text = Text(component.summary)
    if component.aliases:
        text.append(
            f"{' ' if component.summary else ''}Also {', '.join(component.aliases)}.", "dim"
        )
    return text
