"""``kplug show``: everything about one component: signature, defaults, documentation, owner."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import typer
from rich.console import Console

from kplug.cli.listing import JsonOption, component_as_data
from kplug.errors import UnknownComponentError
from kplug.registry import KINDS, REGISTRY, Component, Kind, Spec, get_kind
from kplug.registry.binding import decide_role, describe_signature

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
        typer.echo(json.dumps([_describe(k, component) for k, component in found], indent=2))
        return
    console = Console()
    for record, component in found:
        _print(console, _describe(record, component))


def _find(name: str, kind: str | None) -> list[tuple[Kind, Component]]:
    """Return the component of each kind that has the name."""
    spec = Spec(name)
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    found = []
    for record in kinds:
        if kind or _has(record, spec):
            found.append((record, REGISTRY.lookup(record, spec).component))
    if not found:
        raise _unknown(name)
    return found


def _has(kind: Kind, spec: Spec) -> bool:
    index = REGISTRY.index(kind)
    if spec.distribution is None:
        return bool(index.candidates(spec.name))
    return index.find_qualified(spec.distribution, spec.name) is not None


def _unknown(name: str) -> UnknownComponentError:
    from difflib import get_close_matches  # the error path only

    names = {c.name for kind in KINDS.values() for c in REGISTRY.components(kind)}
    close = get_close_matches(name, sorted(names), n=3)
    advice = f"Did you mean {', '.join(map(repr, close))}? " if close else ""
    return UnknownComponentError(
        f"no component is named {name!r}",
        kind="",
        ref=name,
        candidates=close,
        hint=f"{advice}`kplug list` shows what is installed.",
    )


def _describe(kind: Kind, component: Component) -> dict[str, Any]:
    target = REGISTRY.load(component)
    origin = component.origin
    return {
        **component_as_data(component),
        "role": decide_role(kind, target, component),
        "arguments": [
            {"name": argument, "default": default or None, "required": not default}
            for argument, default in describe_signature(kind, target, component)
        ],
        "documentation": inspect.getdoc(target) or "",
        "editable": origin.is_editable,
        "commit": origin.commit,
    }


def _print(console: Console, facts: dict[str, Any]) -> None:
    arguments = ", ".join(
        item["name"] if item["required"] else f"{item['name']}={item['default']}"
        for item in facts["arguments"]
    )
    console.print(f"{facts['name']}({arguments})", style="bold", markup=False)
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
            console.print(f"  {label:<10} {text}", markup=False, highlight=False, soft_wrap=True)
    if facts["documentation"]:
        console.print()
        console.print(facts["documentation"], markup=False, highlight=False, soft_wrap=True)
    console.print()
