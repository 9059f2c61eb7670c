"""``kplug show``: everything about one component: signature, defaults, documentation, owner."""

from __future__ import annotations

import functools
import inspect
from typing import Annotated, Any

import typer

from kplug.cli.listing import JsonOption, component_as_data
from kplug.cli.output import print_json
from kplug.errors import (
    DisabledComponentError,
    PolicyError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry import KINDS, REGISTRY, Component, Kind, Spec, get_kind, look_up
from kplug.registry.binding import describe_signature
from kplug.registry.misses import list_packages, list_switched_off, suggest_component
from kplug.registry.quoting import quote
from kplug.registry.roles import decide_role

NameArgument = Annotated[str, typer.Argument(help="A name such as dice_loss or kplug/adam.")]
KindOption = Annotated[
    str | None,
    typer.Option("--kind", help="The kind that is meant, where the name has several."),
]


def show(name: NameArgument, kind: KindOption = None, as_json: JsonOption = False) -> None:
    """Show a component: its arguments with their defaults, its documentation, its package.

    This imports the module that the component lives in.
    """
    found = _find(name, kind)
    if as_json:
        print_json({"components": [describe(k, component) for k, component in found]})
        return
    for record, component in found:
        _print(describe(record, component))


def _find(name: str, kind: str | None) -> list[tuple[Kind, Component]]:
    """Return the component of each kind that has the name."""
    spec = Spec(name)
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    found, switched_off, misses = [], [], []
    for record in kinds:
        try:
            found.append((record, look_up(record, spec).component))
        except (UnknownComponentError, WrongKindError) as error:
            misses.append(error)
        except (DisabledComponentError, PolicyError) as error:
            switched_off.append(error)
    if found:
        return found
    if switched_off:
        raise switched_off[0]
    raise misses[0] if kind else _unknown(name)


def _unknown(name: str) -> UnknownComponentError:
    everything = [item for kind in KINDS.values() for item in REGISTRY.components(kind)]
    packages = list_packages(REGISTRY, "", Spec(name))
    advice = f"{suggest_component(name, everything)}`kplug list` shows what is installed."
    return UnknownComponentError(
        f"no component is named {quote(name)}",
        kind="",
        ref=name,
        hint="\n  ".join((*packages, advice, *list_switched_off(REGISTRY))),
    )


def describe(kind: Kind, component: Component) -> dict[str, Any]:
    """Return everything about a component, as far as JSON can hold it; its module is imported."""
    target = REGISTRY.load(component)
    origin = component.origin
    return {
        **component_as_data(component),
        "role": decide_role(kind, target, component),
        "arguments": [
            {"name": argument, "default": default or None, "required": not default}
            for argument, default in describe_signature(kind, target, component)
        ],
        "documentation": _documentation(target),
        "editable": origin.is_editable,
        "commit": origin.commit,
    }


def _documentation(target: Any) -> str:
    """Return the object's own documentation, not that of a class it derives from."""
    while isinstance(target, functools.partial):
        target = target.func
    return inspect.cleandoc(target.__doc__ or "")


def format_signature(facts: dict[str, Any]) -> str:
    """Return a component as one writes it, such as ``huber(delta=1.0)``, from what ``describe`` says."""
    arguments = ", ".join(
        item["name"] if item["required"] else f"{item['name']}={item['default']}"
        for item in facts["arguments"]
    )
    return f"{facts['name']}({arguments})"


def _print(facts: dict[str, Any]) -> None:
    typer.secho(format_signature(facts), bold=True)
    rows = {
        "kind": facts["kind"],
        "package": f"{facts['distribution']} {facts['version']}"
        + (" (editable)" if facts["editable"] else "")
        + (f" at {facts['commit']}" if facts["commit"] else ""),
        "also": ", ".join(facts["aliases"]),
        "write": f"{facts['qualified_name']!r}, which no other package can take over",
        "lives in": facts["target"],
        "deprecated": facts["deprecated"] or "",
    }
    for label, text in rows.items():
        if text:
            typer.echo(f"  {label:<10} {text}")
    if facts["documentation"]:
        typer.echo(f"\n{facts['documentation']}")
    typer.echo()
