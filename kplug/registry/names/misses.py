"""Why a reference leads nowhere: what was asked, what is known, what to do.

Which error it is, is decided at once and cheaply. Whatever compares names is put off until somebody reads the
text: programs ask for names that may not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import PurePath

from packaging.utils import canonicalize_name

from kplug.registry.candidates.scopes import find_in_user_code
from kplug.registry.component import CUSTOM, Component
from kplug.registry.errors import (
    DisabledComponentError,
    NotInstalledError,
    PluginLoadError,
    PolicyError,
    ResolutionError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry.installed.suppliers import Supplier
from kplug.registry.kinds import KINDS, Kind
from kplug.registry.loading.load_failures import advise_repair
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.metadata import is_installed
from kplug.registry.problems import Problem
from kplug.registry.quoting import make_printable, quote
from kplug.registry.registry import Registry
from kplug.registry.spec import Spec
from kplug.registry.suggestions import ask, find_closest, find_most_alike

_SHOWN = 12
_QUOTED = re.compile("'(.*?)'")


def explain_miss(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError | PolicyError:
    """Return the error that says why a reference leads nowhere."""
    if spec.distribution == CUSTOM:
        return _custom(kind, spec, _find_other_kind(registry, kind, Spec(spec.name)))
    is_in_error = bool(registry.state.policy.errors)
    disabled = _find_disabled(registry, kind, spec)
    if disabled is not None:
        return _in_error(registry, kind, spec) if is_in_error else disabled
    other = _find_other_kind(registry, kind, spec)
    if other is not None:
        return other
    if spec.distribution is None:
        explain = _in_error if is_in_error else _unknown
        return explain(registry, kind, spec)
    supplier = registry.state.discovery.by_name.get(spec.distribution)
    if supplier is not None:
        return _not_offered(registry, kind, spec, supplier)
    return _not_supplied(registry, kind, spec)


def _custom(kind: Kind, spec: Spec, other: WrongKindError | None = None) -> UnknownComponentError:
    known = f"{other.message}. " if other is not None else ""
    return UnknownComponentError(
        f"{quote(spec.ref)} was {kind.with_article} defined in code, and this code does not offer it",
        kind=kind.name,
        ref=spec.ref,
        hint=f"{known}Offer it: {_offer_it(kind, spec)}",
    )


def _offer_it(kind: Kind, spec: Spec) -> str:
    entry = f"{{{quote(spec.name)}: …}}"
    return f"custom_objects={entry} where it is loaded, or with kplug.scope({kind.plural}={entry}):"


def _in_error(registry: Registry, kind: Kind, spec: Spec) -> PolicyError:
    """Return the error for a name that a plugin may have, where settings that are in error let none load."""
    error = registry.state.policy.errors[0]
    built_in = registry.components(kind)
    return PolicyError(
        f"the {kind.name} {quote(spec.ref)} is not built in, and no plugin may load: {error.message}",
        hint=lambda: (
            f"{suggest_component(spec.name, built_in)}{error.hint} `kplug env` shows all settings."
        ),
    )


def _find_disabled(registry: Registry, kind: Kind, spec: Spec) -> DisabledComponentError | None:
    discovery = registry.state.discovery
    name = spec.distribution or discovery.refused_names.get((kind.group, lookup_key(spec.name)))
    if name not in discovery.refused:
        return None
    supplier, reason = discovery.refused[name]
    return DisabledComponentError(
        f"the {kind.name} {quote(spec.name)} belongs to {supplier.origin}, which is switched off: {reason}",
        kind=kind.name,
        ref=spec.ref,
        candidates=[f"{name}/{spec.name}"],
        hint="Change that setting to use it.",
    )


def _find_other_kind(registry: Registry, kind: Kind, spec: Spec) -> WrongKindError | None:
    for other in KINDS.values():
        if other is kind:
            continue
        found = list(registry.index(other).candidates(spec.name))
        from_user = find_in_user_code(other.name, spec.name)
        if from_user is not None:
            found.insert(0, from_user.component)
        if spec.distribution is not None:
            found = [item for item in found if item.origin.distribution == spec.distribution]
        if found:
            return WrongKindError(
                f"{quote(spec.ref)} is {other.with_article}, not {kind.with_article}",
                kind=kind.name,
                ref=spec.ref,
                candidates=[item.qualified_name for item in found],
                hint=f"`kplug list {kind.plural}` shows what fits here.",
            )
    return None


def _not_offered(
    registry: Registry, kind: Kind, spec: Spec, supplier: Supplier
) -> PluginLoadError | UnknownComponentError:
    """Return the error for a name that an installed plugin does not have, or has in a broken form."""
    owner = supplier.origin.distribution
    own = [item for item in registry.index(kind).components if item.origin.distribution == owner]
    problems = [each for each in supplier.problems_with(kind) if not each.is_advice]
    about = find_about(problems, spec.name) or ([] if own else problems)
    if about:
        error = PluginLoadError(
            f"{supplier.origin} may offer the {kind.name} {quote(spec.name)}, but {about[0].message}",
            kind=kind.name,
            ref=spec.ref,
            hint=f"{advise_repair(supplier.origin)}.",
        )
        error.__cause__ = about[0].cause
        return error
    return UnknownComponentError(
        f"{supplier.origin} offers no {kind.name} {quote(spec.name)}",
        kind=kind.name,
        ref=spec.ref,
        candidates=[component.name for component in own],
        hint=partial(_advise_on_plugin, registry, kind, spec, own, supplier),
    )


def _advise_on_plugin(
    registry: Registry,
    kind: Kind,
    spec: Spec,
    own: Sequence[Component],
    supplier: Supplier,
) -> str:
    """Return what to do about a name that an installed plugin does not have."""
    reasons = _list_reasons(registry, kind, spec)
    others = [item.qualified_name for item in registry.index(kind).candidates(spec.name)]
    lines = [f"Offered here: {', '.join(others)}."] if others else []
    if not reasons:
        nothing = f"It offers no {kind.plural}; `kplug list {kind.plural}` shows who does."
        lines += list_packages(registry, kind.name, spec)
        lines.append(_suggest(kind, spec.name, own) if own else nothing)
    problems = [each for each in supplier.problems_with(kind) if not each.is_advice]
    return "\n  ".join((*reasons, *lines, *(f"Not read: {problem}" for problem in problems)))


def find_about(problems: Iterable[Problem], name: str) -> list[Problem]:
    """Return the problems whose message quotes a name."""
    key = lookup_key(name)
    return [each for each in problems if key in map(lookup_key, _QUOTED.findall(each.message))]


def _find_unread(registry: Registry, distribution: str) -> Problem | None:
    """Return the problem of metadata that cannot be read, which are called after their folder."""
    for problem in registry.state.discovery.problems:
        folder = PurePath(problem.origin.distribution).name
        is_folder = folder != problem.origin.distribution
        if is_folder and canonicalize_name(folder.partition("-")[0]) == distribution:
            return problem
    return None


def _not_supplied(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError:
    """Return the error for a name of a package that offers nothing or is not installed."""
    distribution = spec.distribution or ""
    unread = _find_unread(registry, distribution)
    if unread is not None:
        return PluginLoadError(
            f"{quote(distribution)} is installed, but {unread.message}",
            kind=kind.name,
            ref=spec.ref,
            hint=f"It is in {unread.origin.distribution}",
        )
    if is_installed(distribution):
        return UnknownComponentError(
            f"{quote(distribution)} is installed, and offers no components",
            kind=kind.name,
            ref=spec.ref,
            hint=f"`kplug list {kind.plural}` shows what is there. If your own code defines it, "
            f"offer it: {_offer_it(kind, spec)}",
        )
    if spec.is_registered_in_keras:
        return _custom(kind, spec)  # the package is a name that somebody's code made up
    return NotInstalledError(
        f"the {kind.name} {quote(spec.ref)} is said to belong to {quote(distribution)}, which is not "
        "installed",
        kind=kind.name,
        ref=spec.ref,
        hint=partial(_ask_for_package, registry, kind, spec),
    )


def _ask_for_package(registry: Registry, kind: Kind, spec: Spec) -> str:
    packages = list_packages(registry, kind.name, spec)
    if packages:
        return "\n  ".join(packages)
    installed = [supplier.origin.distribution for supplier in registry.state.discovery.suppliers]
    meant = find_closest(spec.distribution, installed, likeness=0.8)
    question = "" if meant is None else f"{ask(f'{meant}/{spec.name}')} "
    return (
        f"{question}No plugin here knows that package. If you trust it, install it. If your own code "
        f"defines the {kind.name}, offer it: {_offer_it(kind, spec)}"
    )


def _unknown(registry: Registry, kind: Kind, spec: Spec) -> UnknownComponentError:
    components = registry.components(kind)
    return UnknownComponentError(
        f"no {kind.name} is named {quote(spec.ref)}",
        kind=kind.name,
        ref=spec.ref,
        candidates=partial(_list_names, components),
        hint=partial(_advise, registry, kind, spec, components),
    )


def _advise(registry: Registry, kind: Kind, spec: Spec, components: Sequence[Component]) -> str:
    packages = list_packages(
        registry, kind.name, spec
    )  # first: what the plugins raise then is a problem too
    reasons = _list_reasons(registry, kind, spec)
    problems = [each for each in registry.problems(kind) if not each.is_advice]
    about = find_about(problems, spec.name)
    lines = [f"Not read: {problem}" for problem in about or problems]
    lines += list_switched_off(registry)
    suggestions = [] if about or reasons else [_suggest(kind, spec.name, components)]
    return "\n  ".join((*reasons, *packages, *suggestions, *lines))


def list_packages(registry: Registry, kind: str, spec: Spec) -> list[str]:
    """Return a sentence for each package that a plugin knows to offer a name; its command is the plugin's."""
    found = registry.find_packages(kind, spec.name, spec.distribution)
    return [f"{package} offers it: {package.install}" for package in found[:_SHOWN]]


def _list_reasons(registry: Registry, kind: Kind, spec: Spec) -> list[str]:
    """Return a sentence for each plugin that knows the name and leaves it out."""
    found = registry.find_reasons(kind.name, spec.name, spec.distribution)
    return [
        f"{origin} leaves it out: {make_printable(reason)}." for origin, reason in found[:_SHOWN]
    ]


def list_switched_off(registry: Registry) -> list[str]:
    """Return a sentence for each plugin that is switched off and whose names nobody knows."""
    return [
        f"{supplier.origin} may offer it, but is switched off: {reason}"
        for supplier, reason in registry.state.discovery.refused.values()
        if supplier.has_hooks
    ]


def _suggest(kind: Kind, name: str, components: Sequence[Component]) -> str:
    return suggest_component(name, components) + _show_known(kind, name, components)


def suggest_component(name: str, components: Sequence[Component]) -> str:
    """Ask for the component whose name or alias is closest to a misspelt one; an empty text if none is."""
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
    names = _list_names(components)
    if not names:
        return f"No {kind.name} is installed."
    if len(names) <= _SHOWN:
        return f"Known: {', '.join(names)} (`kplug list {kind.plural}` shows all)"
    alike = ", ".join(find_most_alike(name, names, _SHOWN))
    return f"Most like it: {alike} (`kplug list {kind.plural}` shows all {len(names)})"


def _list_names(components: Sequence[Component]) -> list[str]:
    return sorted({component.name for component in components})
