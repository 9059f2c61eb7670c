"""Audits what no check of a kind covers: declarations, imports, docstrings, argument types."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kplug import Component, get_kind, parse_spec
from kplug.display.messages import make_printable, quote
from kplug.errors import KplugError
from kplug.inspection import (
    COMMAND,
    Problem,
    describe_signature,
    find_component,
    find_parameters,
    load,
    load_part,
)
from kplug_authoring.commands.check.report import Finding, Severity

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def audit_problems(problems: Iterable[Problem]) -> Iterator[Finding]:
    """Yield findings about distributions that need no import of their components."""
    for problem in problems:
        rule = "light module" if problem.is_advice else "declaration"
        level: Severity = "warning" if problem.is_advice else "error"
        yield Finding(rule, level, problem.origin, make_printable(problem.message))


def audit_component(component: Component) -> Iterator[Finding]:
    """Import a component; yield why that fails, or which of its arguments lack documentation or a type."""
    try:
        target = load(component)
        arguments = describe_signature(get_kind(component.kind), target, component)
        if component.example is not None:
            load(replace(component, target=component.example))
    except KplugError as error:
        yield _broken(component, error)
        return
    while isinstance(target, functools.partial):
        target = target.func
    found = {
        "documentation": _audit_documentation(component, target, [name for name, _ in arguments]),
        "types": _audit_types(target),
        "lifecycle": _audit_lifecycle(component),
    }
    for rule, message in found.items():
        if message:
            yield Finding(rule, "warning", component.origin, message, component)


def audit_command(command: Component) -> Iterator[Finding]:
    """Import a command; yield why that fails."""
    try:
        load_part(COMMAND, COMMAND.adapter)(load(command))
    except KplugError as error:
        yield _broken(command, error)


def _broken(component: Component, error: KplugError) -> Finding:
    return Finding("import", "error", component.origin, make_printable(str(error)), component)


def _audit_documentation(component: Component, target: Any, arguments: list[str]) -> str | None:
    from kplug.optimizers import CommonArguments  # documents shared arguments; imports torch

    text = _documentation(target)
    if not text:
        return "it has no documentation, and so no summary in `kplug list`"
    shared = CommonArguments.__annotations__ if component.kind == "optimizer" else ()
    bare = [name for name in arguments if name not in shared and not _is_documented(name, text)]
    return f"its documentation does not describe {', '.join(map(repr, bare))}" if bare else None


def _audit_types(target: Any) -> str | None:
    untyped = [
        name
        for name, parameter in (find_parameters(target) or {}).items()
        if parameter.annotation is parameter.empty and parameter.kind not in _VARIADIC
    ]
    return f"it has no type for {', '.join(map(repr, untyped))}" if untyped else None


def _audit_lifecycle(component: Component) -> str | None:
    successor = component.successor
    if component.lifecycle == "deprecated" and successor is None:
        return "it is deprecated, and names no successor"
    if successor is None:
        return None
    try:
        found = find_component(get_kind(component.kind), parse_spec(successor))
    except KplugError:
        found = None
    return None if found else f"its successor {quote(successor)} is no {component.kind} here"


def _documentation(target: Any) -> str:
    """Return the text of a class, of its bases and of their constructors, or of a function."""
    owners = target.__mro__ if inspect.isclass(target) else [target]
    texts = []
    for owner in owners:
        if owner.__module__ == "builtins":
            continue
        own = vars(owner).get("__init__") if inspect.isclass(owner) else None
        texts += [getattr(one, "__doc__", None) or "" for one in (owner, own)]
    return "\n".join(text for text in texts if text)


def _is_documented(name: str, text: str) -> bool:
    """Whether a line of the text introduces the argument, in Google's, NumPy's or Sphinx's way."""
    return re.search(rf"(?m)^\s*:?[^:\n]*\b{re.escape(name)}\b[^:\n]*:", text) is not None
