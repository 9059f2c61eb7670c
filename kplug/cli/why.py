"""``kplug why``: explains which component a name means, by which rule, and why others lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from kplug.commands.completion import complete_component, complete_kind
from kplug.commands.output import JsonOption, print_json, print_lines
from kplug.errors import KplugError
from kplug.registry import get_kind, parse_spec
from kplug.registry.names.explanations import Candidate, explain
from kplug.registry.policy import Setting
from kplug.registry.quoting import quote

KindArgument = Annotated[
    str,
    typer.Argument(
        help="The kind, such as loss.", show_default=False, autocompletion=complete_kind
    ),
]
NameArgument = Annotated[
    str,
    typer.Argument(
        help="A name such as dice or kplug/adam.",
        show_default=False,
        autocompletion=complete_component,
    ),
]


def why(kind: KindArgument, name: NameArgument, as_json: JsonOption = False) -> None:
    """Explain what a name means: every candidate, the rule that chose, why the others lost.

    Nothing is imported but the light modules of plugins that declare their components in code. The exit
    status is 1 if the name leads nowhere.

    Example: kplug why loss huber
    """
    data = describe_name(kind, name)
    print_json(data) if as_json else print_lines(_write(data))
    if data["error"] is not None:
        raise typer.Exit(1)


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
        yield f"  rule: {data['rule']}"
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


def show_place(setting: dict[str, Any]) -> str:
    """Return the result of `describe_setting` in words."""
    line = f", line {setting['line']}" if setting["line"] else ""
    return f"{setting['setting']}{line}"
