"""Suggestions for a failed look-up: packages, similar names, reasons for omissions.

They are computed lazily, when the message of the error is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kplug.registry.component import Component
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.kinds import COMMAND, Kind
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.problems import Problem
from kplug.registry.quoting import make_printable, quote
from kplug.registry.registry import Registry
from kplug.registry.spec import Spec
from kplug.registry.suggestions import ask, find_closest, find_most_alike

_SHOWN = 12
_QUOTED = re.compile("'(.*?)'")


def advise_on_name(
    registry: Registry, kind: Kind, spec: Spec, components: Sequence[Component]
) -> str:
    """Return advice for a name that no installed plugin offers."""
    # First, since errors that the plugins raise become problems, too.
    packages = list_packages(registry, kind.name, spec)
    reasons = _list_reasons(registry, kind, spec)
    problems = [each for each in registry.problems(kind) if not each.is_advice]
    about = find_about(problems, spec.name)
    lines = [f"Not read: {problem}" for problem in about or problems]
    lines += list_switched_off(registry)
    suggestions = [] if about or reasons else [_suggest(kind, spec.name, components)]
    return "\n  ".join((*reasons, *packages, *suggestions, *lines))


def list_packages(registry: Registry, kind: str, spec: Spec) -> list[str]:
    """Return a sentence for each package that, according to a plugin, offers a name."""
    found = registry.find_packages(kind, spec.name, spec.distribution)
    return [f"{package} offers it: {package.install}" for package in found[:_SHOWN]]


def _list_reasons(registry: Registry, kind: Kind, spec: Spec) -> list[str]:
    """Return a sentence for each plugin that deliberately leaves the name out."""
    found = registry.find_reasons(kind.name, spec.name, spec.distribution)
    return [
        f"{origin} leaves it out: {make_printable(reason)}." for origin, reason in found[:_SHOWN]
    ]


def list_switched_off(registry: Registry) -> list[str]:
    """Return a sentence for each plugin that is switched off and whose names are unknown."""
    return [
        f"{supplier.origin} may offer it, but is switched off: {reason}"
        for supplier, reason in registry.state.discovery.refused.values()
        if supplier.has_hooks
    ]


def _suggest(kind: Kind, name: str, components: Sequence[Component]) -> str:
    return suggest_component(name, components) + _show_known(kind, name, components)


def suggest_component(name: str, components: Sequence[Component]) -> str:
    """Return a question with the closest name or alias to a misspelt one; empty without one."""
    spellings = {n: c for c in components for n in (*reversed(c.aliases), c.name)}
    by_key = {lookup_key(spelling): spelling for spelling in spellings}
    closest = find_closest(lookup_key(name), by_key, likeness=0.7)
    if closest is None:
        return ""
    spelling = by_key[closest]
    origins = {c.origin for c in components if closest in map(lookup_key, (c.name, *c.aliases))}
    owner = f" It is offered by {spellings[spelling].origin}." if len(origins) == 1 else ""
    return f"{ask(spelling)}{'' if any(each.is_built_in for each in origins) else owner} "


def _show_known(kind: Kind, name: str, components: Sequence[Component]) -> str:
    names = list_names(components)
    if not names:
        return f"No {kind.name} is installed."
    if len(names) <= _SHOWN:
        return f"Known: {', '.join(names)} (`kplug list {kind.plural}` shows all)"
    alike = ", ".join(find_most_alike(name, names, _SHOWN))
    return f"Most like it: {alike} (`kplug list {kind.plural}` shows all {len(names)})"


def list_names(components: Sequence[Component]) -> list[str]:
    """Return the declared names, in alphabetical order."""
    return sorted({component.name for component in components})


def advise_on_plugin(
    registry: Registry,
    kind: Kind,
    spec: Spec,
    own: Sequence[Component],
    supplier: Supplier,
) -> str:
    """Return advice for a name that an installed plugin lacks."""
    reasons = _list_reasons(registry, kind, spec)
    others = [item.qualified_name for item in registry.index(kind).candidates(spec.name)]
    lines = [f"Offered here: {', '.join(others)}."] if others else []
    if not reasons:
        nothing = f"It offers no {kind.plural}; `kplug list {kind.plural}` shows who does."
        lines += list_packages(registry, kind.name, spec)
        lines.append(_suggest(kind, spec.name, own) if own else nothing)
    problems = [each for each in supplier.problems_with(kind) if not each.is_advice]
    return "\n  ".join((*reasons, *lines, *(f"Not read: {problem}" for problem in problems)))


def advise_on_package(registry: Registry, kind: Kind, spec: Spec) -> str:
    """Return advice for a name of a package that is not installed."""
    packages = list_packages(registry, kind.name, spec)
    if packages:
        return "\n  ".join(packages)
    installed = [supplier.origin.distribution for supplier in registry.state.discovery.suppliers]
    meant = find_closest(spec.distribution, installed, likeness=0.8)
    question = "" if meant is None else f"{ask(f'{meant}/{spec.name}')} "
    can_search = registry.index(COMMAND).candidates("search")
    search = f" `kplug search {spec.name}` asks the registries." if can_search else ""
    return (
        f"{question}No plugin here knows that package.{search} If you trust it, install it. "
        f"If your own code defines the {kind.name}, offer it: {offer_in_code(kind, spec)}"
    )


def offer_in_code(kind: Kind, spec: Spec) -> str:
    """Return how to register a component in the user's own code."""
    entry = f"{{{quote(spec.name)}: …}}"
    return f"custom_objects={entry} where it is loaded, or with kplug.scope({kind.plural}={entry}):"


def find_about(problems: Iterable[Problem], name: str) -> list[Problem]:
    """Return the problems whose message quotes a name."""
    key = lookup_key(name)
    return [each for each in problems if key in map(lookup_key, _QUOTED.findall(each.message))]
