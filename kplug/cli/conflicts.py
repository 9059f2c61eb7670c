"""``kplug conflicts``: lists the names that several distributions offer, and the winners."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from kplug.cli.why import describe_name, show_place, show_rule
from kplug.commands.completion import complete_kind
from kplug.commands.output import JsonOption, print_json, print_lines
from kplug.errors import AmbiguousComponentError
from kplug.registry import KINDS, REGISTRY, Kind, get_kind
from kplug.registry.names.explanations import list_conflicts

VARIABLE = "KPLUG_PREFER"

KindArgument = Annotated[
    str | None,
    typer.Argument(
        help="Only this kind, such as losses. All kinds of component by default.",
        show_default=False,
        autocompletion=complete_kind,
    ),
]


def conflicts(kind: KindArgument = None, as_json: JsonOption = False) -> None:
    """List the names that several distributions offer: who wins, by what, and how to prefer another.

    Nothing is imported but the light modules of plugins that declare their components in code.

    Example: kplug conflicts optimizers
    """
    kinds = [get_kind(kind)] if kind else list(KINDS.values())
    data = describe_conflicts(kinds)
    if as_json:
        print_json({"conflicts": data})
    elif data:
        print_lines(line for facts in data for line in _write(facts))
    else:
        typer.echo("No name is offered by several distributions.")


def describe_conflicts(kinds: list[Kind]) -> list[dict[str, Any]]:
    """Return the conflicts of these kinds, for JSON."""
    return [_describe(each.name, name) for each in kinds for name in list_conflicts(each)]


def _describe(kind: str, name: str) -> dict[str, Any]:
    facts = describe_name(kind, name)
    rivals = [item for item in facts["candidates"] if item["outcome"] in ("chosen", "lost", "tied")]
    return {
        **{key: facts[key] for key in ("kind", "name", "chosen", "rule", "setting", "error")},
        "candidates": rivals,
        "prefer": {
            item["qualified_name"]: _preferring(f"{item['distribution']}/{name}")
            for item in rivals
            if item["outcome"] != "chosen"
        },
    }


def is_ambiguous(facts: dict[str, Any]) -> bool:
    """Whether a conflict has no winner, as opposed to a winner that does not load."""
    return bool(facts["error"]) and facts["error"]["type"] == AmbiguousComponentError.__name__


def _preferring(entry: str) -> str:
    """Return the variable assignment that prefers an entry, and keeps the variable's present entries."""
    settings = REGISTRY.state.policy.settings
    said = [str(e) for each in settings if each.label == VARIABLE for e in each.entries]
    return f"{VARIABLE}={','.join(dict.fromkeys((entry, *said)))}"


def _write(facts: dict[str, Any]) -> Iterator[str]:
    name = f"{facts['kind']} {facts['name']}"
    if facts["chosen"] is None and is_ambiguous(facts):
        yield f"{name}: nothing decides, so the bare name is an error"
    elif facts["chosen"] is None:
        yield f"{name}: what wins does not load, as `kplug why {name}` says"
    else:
        setting = f", {show_place(facts['setting'])}" if facts["setting"] else ""
        yield f"{name}: {facts['chosen']} wins ({show_rule(facts)}{setting})"
    for other, command in facts["prefer"].items():
        yield f"  {other}: {command}"
