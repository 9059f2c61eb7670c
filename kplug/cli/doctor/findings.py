"""Findings of `kplug doctor` that the registry knows, and the commands that mend them."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from typing import Any

from kplug.cli.conflicts import describe_conflicts, is_ambiguous
from kplug.errors import KplugError
from kplug.locking import find_drift, find_nearest_lock, read_lock
from kplug.registry import KINDS, REGISTRY, Component, Origin
from kplug.registry.component import BUILT_IN
from kplug.registry.finding import Finding
from kplug.registry.loading.importer import is_of_python
from kplug.registry.problems import Problem

_VARIABLE = re.compile(r"(?:the environment variable )?(kplug_?\w*)\b", re.IGNORECASE)


def advise_mending(origin: Origin) -> str:
    """Return the command for a plugin that only its author can mend, where an upgrade may help."""
    name = origin.distribution
    is_ours = name in BUILT_IN
    return f"pip install --force-reinstall {name}" if is_ours else f"export KPLUG_DISABLE={name}"


def find_problems() -> Iterator[Finding]:
    """Yield the registry's problems, then targets in missing packages."""
    for problem in REGISTRY.problems():
        yield Finding(
            problem.topic,
            str(problem.origin),
            problem.message,
            _mend(problem),
            not problem.is_advice,
        )
    for kind in KINDS.values():
        for component in REGISTRY.index(kind).components:
            if (fault := _find_fault(component)) is not None:
                message = f"the {kind.name} {component.name!r} {fault}"
                yield Finding(
                    "broken", str(component.origin), message, advise_mending(component.origin)
                )


def _find_fault(component: Component) -> str | None:
    """Return why a component will not load, or None, judged without importing it."""
    package = find_missing_package(component)
    if package is not None:
        return f"is {component.location}, and there is no package {package!r}"
    error = REGISTRY.find_target_error(component)
    if error is None or is_of_python(component.location):  # which the registry reports
        return None
    return f"never loads: {error.message}"


def find_missing_package(component: Component) -> str | None:
    """Return the package of a target if it is missing; imports nothing."""
    package = component.location.partition(":")[0].partition(".")[0]
    try:
        is_there = not isinstance(component.target, str) or importlib.util.find_spec(package)
    except (ImportError, ValueError):  # an imported module without a spec
        return None
    return None if is_there else package


def find_drifted() -> Iterator[Finding]:
    """Yield what differs from the lock that ``KPLUG_LOCK`` names, or that is nearest."""
    path = find_nearest_lock()
    try:
        drift = [] if path is None else find_drift(read_lock(path))
    except KplugError as error:
        yield Finding("locked", str(path), error.message, "kplug lock")
        return
    command = f"kplug sync --lock {shlex.quote(str(path))}"
    for one in drift:
        yield Finding("locked", one.package, f"{one} ({path})", command, is_broken=False)


def find_shadowed() -> Iterator[Finding]:
    """Yield plugin components that others shadow under their bare names."""
    for facts in describe_conflicts(list(KINDS.values())):
        winner = facts["chosen"] and f"{facts['chosen']} ({facts['rule']})"
        for item in facts["candidates"]:
            if item["outcome"] == "chosen" or _is_meant_so(facts["kind"], item):
                continue
            tie = "nothing decides between them"
            reason = tie if is_ambiguous(facts) else "what wins is broken"
            meant = f"means {winner}" if winner else f"is an error, as {reason}"
            yield Finding(
                "shadowed" if winner else "duplicate",
                str(Origin(item["distribution"], item["version"])),
                f"the bare name of the {facts['kind']} {item['qualified_name']!r} {meant}",
                f"export {facts['prefer'][item['qualified_name']]}",
                is_broken=False,
            )


def _is_meant_so(kind: str, item: dict[str, Any]) -> bool:
    """Whether a component is meant to be shadowed: built-ins, and qualified-only components."""
    distribution, _, name = item["qualified_name"].partition("/")
    found = REGISTRY.index(KINDS[kind]).find_qualified(distribution, name)
    return distribution in BUILT_IN or found is None or found.is_qualified_only


def _mend(problem: Problem) -> str:
    if problem.topic == "setting":
        return _mend_setting(problem)
    if "/" in problem.origin.distribution:  # metadata without a name are named after their folder
        return f"rm -r {shlex.quote(problem.origin.distribution)}"
    return advise_mending(problem.origin)


def _mend_setting(problem: Problem) -> str:
    """Return the command that removes the setting, or opens its file."""
    name = problem.origin.distribution
    for source in REGISTRY.state.policy.sources:
        if problem.cause in source.errors:
            variable = _VARIABLE.match(source.errors[source.errors.index(problem.cause)].message)
            return f"unset {variable[1]}" if variable else _edit(source.place)
        for setting in source.settings.values():
            if any(entry.distribution == name for entry in setting.entries):
                is_variable = _VARIABLE.match(setting.label)
                return (
                    f"unset {setting.label}" if is_variable else _edit(source.place, setting.line)
                )
    return "kplug env"


def _edit(file: str, line: int | None = None) -> str:
    place = f"+{line} " if line else ""
    return f"${{EDITOR:-vi}} {place}{shlex.quote(file)}"
