"""``kplug why``: explains which component a name means, by which rule, and why others lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from kplug.cli.show import name_kinds, unknown_component
from kplug.commands.completion import complete_component, complete_kind
from kplug.commands.output import JsonOption, paint_commands, print_json, print_lines
from kplug.errors import KplugError
from kplug.registry import get_kind, parse_spec
from kplug.registry.kinds import find_kind
from kplug.registry.names.explanations import Candidate, explain, find_kinds
from kplug.registry.policy import Setting
from kplug.registry.quoting import quote


def complete_kind_or_component(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of kinds and of components, for an argument that may be either."""
    return [*complete_kind(), *complete_component(context, incomplete)]


KindArgument = Annotated[
    str,
    typer.Argument(
        metavar="KIND|NAME",
        help="The kind, such as loss; or the name, which is enough where one kind alone has it.",
        show_default=False,
        autocompletion=complete_kind_or_component,
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A name such as dice or kplug/adam, after a kind.",
        show_default=False,
        autocompletion=complete_component,
    ),
]

_COLOURS = {"chosen": "green", "lost": None, "tied": "yellow", "off": "yellow", "broken": "red"}


def why(kind: KindArgument, name: NameArgument = None, as_json: JsonOption = False) -> None:
    """Explain what a name means: every candidate, the rule that chose, why the others lost.

    Nothing is imported but the light modules of plugins that declare their components in code. The exit
    status is 1 if the name leads nowhere.

    Example: kplug why loss huber

    Example: kplug why dice_loss
    """
    data = _describe_alone(kind) if name is None else describe_name(kind, name)
    print_json(data) if as_json else print_lines(_write(data), _paint)
    if data["error"] is not None:
        raise typer.Exit(1)


def _describe_alone(name: str) -> dict[str, Any]:
    """Return the facts about a name that stands without its kind.

    Raises:
        KplugError: if several kinds have it, or if it is a kind itself.
    """
    spec = parse_spec(name)
    kinds = find_kinds(spec)
    if len(kinds) == 1:
        return describe_name(kinds[0].name, name)
    if kinds:
        raise KplugError(
            f"{quote(spec.ref)} is the name of {name_kinds(kinds)}",
            hint=f"Say which is meant: kplug why {kinds[0].name} {spec.ref}",
        )
    if (kind := find_kind(name)) is not None:
        raise KplugError(
            f"{quote(name)} is a kind, and no component has that name",
            hint=f"Give a name too: kplug why {kind.name} NAME",
        )
    return {
        "kind": None,
        "name": spec.ref,
        **dict.fromkeys(("chosen", "rule", "setting")),
        "candidates": [],
        "elsewhere": [],
        "error": _describe_error(unknown_component(spec.ref)),
    }


def describe_name(kind: str, name: str) -> dict[str, Any]:
    """Return all facts that decide the meaning of a name, for JSON."""
    record, spec = get_kind(kind), parse_spec(name)
    found = explain(record, spec)
    return {
        "kind": record.name,
        "name": spec.ref,
        "chosen": found.choice and found.choice.component.qualified_name,
        "rule": found.choice and found.choice.rule,
        "setting": found.setting and {**describe_setting(found.setting), "entry": found.preference},
        "candidates": [_describe(candidate) for candidate in found.candidates],
        "elsewhere": [
            {"kind": item.kind, "qualified_name": item.qualified_name} for item in found.elsewhere
        ],
        "error": found.error and _describe_error(found.error),
    }


def _describe(candidate: Candidate) -> dict[str, Any]:
    return {
        "qualified_name": candidate.name,
        "distribution": candidate.origin.distribution,
        "version": candidate.origin.version,
        "target": candidate.target,
        "outcome": candidate.outcome,
        "reason": candidate.reason,
        "settings": [describe_setting(setting) for setting in candidate.settings],
    }


def describe_setting(setting: Setting) -> dict[str, Any]:
    """Return the place of a setting: its variable, or its key, file and line."""
    return {"setting": setting.label, "line": setting.line}


def _describe_error(error: KplugError) -> dict[str, Any]:
    return {"type": type(error).__name__, "message": error.message, "hint": error.hint}


def _write(data: dict[str, Any]) -> Iterator[str]:
    if data["error"] is None:
        yield f"the {data['kind']} {quote(data['name'])} is {data['chosen']}"
        yield f"  rule: {show_rule(data)}"
        yield f"  setting: {show_place(data['setting']) if data['setting'] else 'none decided'}"
    else:
        yield data["error"]["message"]
        yield from (f"  {line.strip()}" for line in (data["error"]["hint"] or "").splitlines())
    for candidate in data["candidates"]:
        version = f" ({candidate['version']})" if candidate["version"] else ""
        yield f"{candidate['outcome']}: {candidate['qualified_name']}{version}"
        yield f"  {candidate['reason']}"
        yield from (f"  see {show_place(each)}" for each in candidate["settings"] if each["line"])
        if candidate["target"]:
            yield f"  {candidate['target']}"
    for other in data["elsewhere"]:
        yield f"also a name of another kind: {other['kind']} {other['qualified_name']}"


def _paint(line: str) -> str:
    """Colour the outcome that a line begins with, and commands."""
    outcome, colon, rest = line.partition(":")
    if outcome in _COLOURS:
        return f"{typer.style(outcome, fg=_COLOURS[outcome], bold=True)}{colon}{rest}"
    return paint_commands(line)


def show_rule(data: dict[str, Any]) -> str:
    """Return the rule that chose, from the result of `describe_name`, in words."""
    has_lost = any(item["outcome"] == "lost" for item in data["candidates"])
    is_of_bare_name = data["rule"] == "only candidate" and has_lost
    return f"{data['rule']}{' for the bare name' if is_of_bare_name else ''}"


def show_place(setting: dict[str, Any]) -> str:
    """Return the result of `describe_setting` in words."""
    line = f", line {setting['line']}" if setting["line"] else ""
    return f"{setting['setting']}{line}"
