"""The texts of failed look-ups: what was asked, what is known, what to do."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import importlib_metadata

from kplug.registry.companions import find_known_distribution
from kplug.registry.component import CUSTOM, Component
from kplug.registry.declarations import describe
from kplug.registry.errors import (
    DisabledComponentError,
    NotInstalledError,
    PluginLoadError,
    ResolutionError,
    UnknownComponentError,
    WrongKindError,
)
from kplug.registry.kinds import KINDS, Kind
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.scopes import find_in_user_code
from kplug.registry.spec import Spec

if TYPE_CHECKING:
    from kplug.registry.registry import Registry

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
    if spec.distribution is not None:
        return _qualified_miss(registry, kind, spec)
    return _unknown(registry, kind, spec)


def explain_failure(component: Component, error: BaseException) -> PluginLoadError:
    """Return the error of a component whose module does not import."""
    origin = component.origin
    hint = _name_missing_module(component, error)
    if origin.is_custom:
        hint = hint or "Mend the module or the target"
    elif not origin.is_built_in:
        hint = hint or f"Mend or upgrade {origin.distribution}"
        hint += f", or switch the plugin off: KPLUG_DISABLE={origin.distribution}"
    return PluginLoadError(
        f"the {component.kind} {component.name!r} of {origin} ({component.location}) "
        f"cannot be loaded: {describe(error)}",
        kind=component.kind,
        ref=component.name,
        hint=f"{hint or f'Install {origin.distribution} again'}.",
    )


def _name_missing_module(component: Component, error: BaseException) -> str:
    """Return what to install, where a package that the plugin needs is not there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = error.name.partition(".")[0]
    own = component.location.partition(":")[0].partition(".")[0]
    if package == own or package in sys.modules:  # it is there, only not this part of it
        return ""
    return f"Install what it needs: pip install {package}"


def shadowing(kind: Kind, ref: str, losers: Sequence[Component]) -> str:
    """Return the warning that a bare name went to the built-in."""
    others = ", ".join(f"{item.qualified_name!r} ({item.origin})" for item in losers)
    return (
        f"the {kind.name} {ref!r} is kplug's own; {others} has the same name and is used only by "
        f"that one. To prefer it: KPLUG_PREFER={losers[0].origin.distribution}"
    )


def _custom(kind: Kind, spec: Spec) -> UnknownComponentError:
    return UnknownComponentError(
        f"{str(spec.ref)!r} was {kind.with_article} defined in code, and this code does not offer it",
        kind=kind.name,
        ref=spec.ref,
        hint=f"Offer it: custom_objects={{{spec.name!r}: …}} where it is loaded, or "
        f"with kplug.scope({kind.plural}={{{spec.name!r}: …}}):",
    )


def _find_disabled(registry: Registry, kind: Kind, spec: Spec) -> DisabledComponentError | None:
    for name, (supplier, reason) in sorted(registry.state.discovery.refused.items()):
        offered = {(k, lookup_key(n)) for k, n in supplier.declared_names}
        by_name = spec.distribution is None and (kind.name, lookup_key(spec.name)) in offered
        if by_name or spec.distribution == name:
            return DisabledComponentError(
                f"the {kind.name} {spec.name!r} belongs to {supplier.origin}, which is switched off: "
                f"{reason}",
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
                f"{spec.ref!r} is {other.with_article}, not {kind.with_article}",
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
        close = difflib.get_close_matches(distribution, suppliers, n=1, cutoff=0.8)
        advice = f"Did you mean '{close[0]}/{spec.name}'? Otherwise: " if close else ""
        return NotInstalledError(
            f"the {kind.name} {spec.ref!r} belongs to {distribution!r}, which is not installed",
            kind=kind.name,
            ref=spec.ref,
            hint=f"{advice}pip install {distribution}",
        )
    if supplier.problems and not own:
        problem = supplier.problems[0]
        error = PluginLoadError(
            f"{supplier.origin} may offer the {kind.name} {spec.name!r}, but {problem.message}",
            kind=kind.name,
            ref=spec.ref,
            hint=f"Mend or upgrade {distribution}.",
        )
        error.__cause__ = problem.cause
        return error
    names = [component.name for component in own]
    return UnknownComponentError(
        f"{supplier.origin} offers no {kind.name} {spec.name!r}",
        kind=kind.name,
        ref=spec.ref,
        candidates=names,
        hint=did_you_mean(spec.name, own) + _known(kind, names),
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
            f"the {kind.name} {spec.name!r} is offered by {distribution!r}, which is not installed",
            kind=kind.name,
            ref=spec.ref,
            hint=f"pip install {distribution}",
        )
    components = registry.components(kind)
    names = sorted({component.name for component in components})
    broken = "".join(f"\n  Not read: {problem}" for problem in registry.problems())
    return UnknownComponentError(
        f"no {kind.name} is named {spec.ref!r}",
        kind=kind.name,
        ref=spec.ref,
        candidates=names,
        hint=did_you_mean(spec.name, components) + _known(kind, names) + broken,
    )


def did_you_mean(name: str, components: Sequence[Component]) -> str:
    """Return the suggestion of the name that is closest to a misspelt one, or an empty text."""
    spellings = {n: c for c in components for n in (*reversed(c.aliases), c.name)}
    by_key = {lookup_key(spelling): spelling for spelling in spellings}
    close = difflib.get_close_matches(lookup_key(name), by_key, n=1, cutoff=0.7)
    if not close:
        return ""
    spelling = by_key[close[0]]
    origin = spellings[spelling].origin
    owner = "" if origin.is_built_in else f" ({origin})"
    return f"Did you mean {spelling!r}{owner}? "


def _known(kind: Kind, names: Sequence[str]) -> str:
    if not names:
        return f"No {kind.name} is installed."
    more = ", …" if len(names) > _SHOWN else ""
    return f"Known: {', '.join(names[:_SHOWN])}{more} (`kplug list {kind.plural}` shows all)"
