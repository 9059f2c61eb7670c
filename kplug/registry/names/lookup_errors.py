"""Chooses the error for a failed look-up.

The type of the error is decided at once. Comparing names is deferred until the message is read
(`lookup_suggestions`), because programs also probe for names that may not exist.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePath

from packaging.utils import canonicalize_name

from kplug.registry.candidates.scopes import find_in_user_code
from kplug.registry.component import CUSTOM
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
from kplug.registry.kinds import COMMAND, KINDS, Kind
from kplug.registry.loading.load_failures import advise_repair
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.metadata import is_installed
from kplug.registry.names.homes import find_home
from kplug.registry.names.lookup_suggestions import (
    advise_on_name,
    advise_on_package,
    advise_on_plugin,
    find_about,
    list_names,
    offer_in_code,
    suggest_component,
)
from kplug.registry.problems import Problem
from kplug.registry.quoting import quote
from kplug.registry.registry import Registry
from kplug.registry.spec import SUM, Spec


def explain_miss(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError | PolicyError:
    """Return the error that explains a failed look-up."""
    if spec.distribution == CUSTOM:
        return _custom(kind, spec, _find_other_kind(registry, kind, Spec(spec.name)))
    home = find_home(kind.name, spec.name) if spec.distribution == "kplug" else None
    if home not in (None, *registry.state.discovery.by_name):  # what a file of Keras names
        spec = Spec(f"{home}/{spec.name}")
    is_in_error = bool(registry.state.policy.errors)
    disabled = _find_disabled(registry, kind, spec)
    if disabled is not None:
        return _in_error(registry, kind, spec) if is_in_error else disabled
    other = None if kind is COMMAND else _find_other_kind(registry, kind, spec)
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
        hint=f"{known}Offer it: {offer_in_code(kind, spec)}",
    )


def _in_error(registry: Registry, kind: Kind, spec: Spec) -> PolicyError:
    """Return the error for a name that a plugin may have, while invalid settings keep all from loading."""
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
    name = (
        spec.distribution
        or discovery.refused_names.get((kind.group, lookup_key(spec.name)))
        or find_home(kind.name, spec.name)
    )
    if name not in discovery.refused:
        return None
    supplier, reason = discovery.refused[name]
    recalls = registry.state.policy.list_recalls(supplier.installed)
    why = f"was recalled on {recalls[0]}" if recalls else f"is switched off: {reason}"
    hint = f"Install another version of {name}; `kplug audit` shows what was recalled."
    return DisabledComponentError(
        f"the {kind.name} {quote(spec.name)} belongs to {supplier.origin}, which {why}",
        kind=kind.name,
        ref=spec.ref,
        candidates=[f"{name}/{spec.name}"],
        hint=hint if recalls else "Change that setting to use it.",
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
            asked = "a sum of components" if spec.ref == SUM else quote(spec.ref)
            return WrongKindError(
                f"{asked} is {other.with_article}, not {kind.with_article}",
                kind=kind.name,
                ref=spec.ref,
                candidates=[item.qualified_name for item in found],
                hint=f"`kplug list {kind.plural}` shows what fits here.",
            )
    return None


def _not_offered(
    registry: Registry, kind: Kind, spec: Spec, supplier: Supplier
) -> PluginLoadError | UnknownComponentError:
    """Return the error for a name that an installed plugin lacks, or whose declaration is broken."""
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
        hint=partial(advise_on_plugin, registry, kind, spec, own, supplier),
    )


def _find_unread(registry: Registry, distribution: str) -> Problem | None:
    """Return the problem of unreadable metadata, which are named after their folder."""
    for problem in registry.state.discovery.problems:
        folder = PurePath(problem.origin.distribution).name
        is_folder = folder != problem.origin.distribution
        if is_folder and canonicalize_name(folder.partition("-")[0]) == distribution:
            return problem
    return None


def _not_supplied(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError:
    """Return the error for a name qualified by a package that offers nothing or is not installed."""
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
            f"offer it: {offer_in_code(kind, spec)}",
        )
    if spec.is_registered_in_keras:
        return _custom(kind, spec)  # the namespace belongs to user code
    return NotInstalledError(
        f"the {kind.name} {quote(spec.ref)} is said to belong to {quote(distribution)}, which is not "
        "installed",
        kind=kind.name,
        ref=spec.ref,
        hint=partial(advise_on_package, registry, kind, spec),
    )


def _unknown(registry: Registry, kind: Kind, spec: Spec) -> UnknownComponentError:
    components = registry.components(kind)
    return UnknownComponentError(
        f"no {kind.name} is named {quote(spec.ref)}",
        kind=kind.name,
        ref=spec.ref,
        candidates=partial(list_names, components),
        hint=partial(advise_on_name, registry, kind, spec, components),
    )
