"""Why a reference leads nowhere: what was asked, what is known, what to do."""

from __future__ import annotations

from collections.abc import Sequence

import importlib_metadata

from kplug.registry.companions import find_known_distribution
from kplug.registry.component import CUSTOM, Component
from kplug.registry.errors import (
    DisabledComponentError,
    NotInstalledError,
    PluginLoadError,
    ResolutionError,
    UnknownComponentError,
    WrongKindError,
    shorten,
)
from kplug.registry.kinds import KINDS, Kind
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.registry import Registry
from kplug.registry.scopes import find_in_user_code
from kplug.registry.spec import Spec
from kplug.registry.suggestions import ask, find_closest

_SHOWN = 12


def explain_miss(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError:
    """Return the error that says why a reference leads nowhere."""
    if spec.distribution == CUSTOM:
        return _custom(kind, spec)
    disabled = _find_disabled(registry, kind, spec)
    if disabled is not None:
        return disabled
    other = _find_other_kind(registry, kind, spec)
    if other is not None:
        return other
    if spec.is_registered_in_keras and not _is_installed(spec.distribution or ""):
        return _custom(kind, spec)  # the package is a name that somebody's code made up
    if spec.distribution is not None:
        return _qualified_miss(registry, kind, spec)
    return _unknown(registry, kind, spec)


def _custom(kind: Kind, spec: Spec) -> UnknownComponentError:
    return UnknownComponentError(
        f"{shorten(spec.ref)!r} was {kind.with_article} defined in code, and this code does not offer it",
        kind=kind.name,
        ref=spec.ref,
        hint=f"Offer it: custom_objects={{{shorten(spec.name)!r}: …}} where it is loaded, or "
        f"with kplug.scope({kind.plural}={{{shorten(spec.name)!r}: …}}):",
    )


def _find_disabled(registry: Registry, kind: Kind, spec: Spec) -> DisabledComponentError | None:
    for name, (supplier, reason) in sorted(registry.state.discovery.refused.items()):
        offered = {(k, lookup_key(n)) for k, n in supplier.declared_names}
        by_name = spec.distribution is None and (kind.name, lookup_key(spec.name)) in offered
        if by_name or spec.distribution == name:
            return DisabledComponentError(
                f"the {kind.name} {shorten(spec.name)!r} belongs to {supplier.origin}, which is "
                f"switched off: {reason}",
                kind=kind.name,
                ref=spec.ref,
                candidates=[f"{name}/{spec.name}"],
                hint="Change that setting to use it.",
            )
    return None


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
                f"{shorten(spec.ref)!r} is {other.with_article}, not {kind.with_article}",
                kind=kind.name,
                ref=spec.ref,
                candidates=[item.qualified_name for item in found],
                hint=f"`kplug list {kind.plural}` shows what fits here.",
            )
    return None


def _qualified_miss(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError:
    distribution = spec.distribution or ""
    own = [c for c in registry.index(kind).components if c.origin.distribution == distribution]
    suppliers = {s.origin.distribution: s for s in registry.state.discovery.suppliers}
    supplier = suppliers.get(distribution)
    if supplier is None and _is_installed(distribution):
        return UnknownComponentError(
            f"{distribution!r} is installed, and offers no components",
            kind=kind.name,
            ref=spec.ref,
            hint=f"`kplug list {kind.plural}` shows what is there.",
        )
    if supplier is None:
        meant = find_closest(distribution, suppliers, likeness=0.8)
        advice = "" if meant is None else f"{ask(f'{meant}/{spec.name}')} Otherwise: "
        return NotInstalledError(
            f"the {kind.name} {shorten(spec.ref)!r} belongs to {shorten(distribution)!r}, "
            "which is not installed",
            kind=kind.name,
            ref=spec.ref,
            hint=f"{advice}pip install {distribution}",
        )
    if supplier.problems and not own:
        problem = supplier.problems[0]
        error = PluginLoadError(
            f"{supplier.origin} may offer the {kind.name} {shorten(spec.name)!r}, but {problem.message}",
            kind=kind.name,
            ref=spec.ref,
            hint=f"Mend or upgrade {distribution}.",
        )
        error.__cause__ = problem.cause
        return error
    names = [component.name for component in own]
    return UnknownComponentError(
        f"{supplier.origin} offers no {kind.name} {shorten(spec.name)!r}",
        kind=kind.name,
        ref=spec.ref,
        candidates=names,
        hint=suggest_component(spec.name, own) + _known(kind, names),
    )


def _is_installed(distribution: str) -> bool:
    try:
        importlib_metadata.distribution(distribution)
    except (importlib_metadata.PackageNotFoundError, ValueError):
        return False
    return True


def _unknown(registry: Registry, kind: Kind, spec: Spec) -> ResolutionError:
    distribution = find_known_distribution(kind.name, spec.name)
    if distribution is not None:
        return NotInstalledError(
            f"the {kind.name} {shorten(spec.name)!r} is offered by {distribution!r}, which is not installed",
            kind=kind.name,
            ref=spec.ref,
            hint=f"pip install {distribution}",
        )
    components = registry.components(kind)
    names = sorted({component.name for component in components})
    broken = "".join(f"\n  Not read: {problem}" for problem in registry.problems())
    return UnknownComponentError(
        f"no {kind.name} is named {shorten(spec.ref)!r}",
        kind=kind.name,
        ref=spec.ref,
        candidates=names,
        hint=suggest_component(spec.name, components) + _known(kind, names) + broken,
    )


def suggest_component(name: str, components: Sequence[Component]) -> str:
    """Ask for the component whose name or alias is closest to a misspelt one; an empty text if none is."""
    spellings = {n: c for c in components for n in (*reversed(c.aliases), c.name)}
    by_key = {lookup_key(spelling): spelling for spelling in spellings}
    closest = find_closest(lookup_key(name), by_key, likeness=0.7)
    if closest is None:
        return ""
    spelling = by_key[closest]
    origin = spellings[spelling].origin
    owner = "" if origin.is_built_in else f" It is offered by {origin}."
    return f"{ask(spelling)}{owner} "


def _known(kind: Kind, names: Sequence[str]) -> str:
    if not names:
        return f"No {kind.name} is installed."
    more = ", …" if len(names) > _SHOWN else ""
    return f"Known: {', '.join(names[:_SHOWN])}{more} (`kplug list {kind.plural}` shows all)"
