"""``kplug list``: every component that can be named by string, and what is wrong with plugins."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from kplug.registry import KINDS, REGISTRY, Component, Kind, get_kind

KindArgument = Annotated[
    str | None,
    typer.Argument(
        help="Only this kind, such as losses. All kinds by default.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def list_components(kind: KindArgument = None, as_json: JsonOption = False) -> None:
    """List the components that are installed, with the packages that offer them.

    Nothing is imported but the light modules of plugins that declare their components in code.
    """
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    if as_json:
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


def _print_tables(kinds: list[Kind]) -> None:
    console = Console()
    for kind in kinds:
        console.print(_table(kind))
    for name, (supplier, reason) in REGISTRY.state.discovery.refused.items():
        console.print(f"off: {name} {supplier.origin.version}: {reason}", style="dim", markup=False)
    for problem in REGISTRY.problems():
        console.print(f"broken: {problem}", style="yellow", markup=False)


def _table(kind: Kind) -> Table:
    components = REGISTRY.components(kind)
    table = Table(
        title=f"{kind.plural} ({len(components)})",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("name", no_wrap=True)
    table.add_column("also", overflow="fold")
    table.add_column("package", no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for component in components:
        style = None if component.origin.is_built_in else "green"
        table.add_row(
            component.name,
            ", ".join(component.aliases),
            str(component.origin),
            component.summary,
            style=style,
        )
    return table
