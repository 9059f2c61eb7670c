"""Selects the distributions and components that an argument of ``kplug check`` names."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

import importlib_metadata
from packaging.utils import canonicalize_name

from kplug import Component, get_kind, lookup_key
from kplug.display.messages import did_you_mean, quote
from kplug.errors import KplugError, UnknownKindError
from kplug.inspection import (
    COMMAND,
    KINDS,
    Problem,
    keys_of,
    list_components,
    list_distributions,
    list_problems,
    list_switched_off,
)

_OWN = "kplug-authoring"  # always installed, and offers only commands


@dataclass(frozen=True)
class Selection:
    """The selected components and commands.

    Args:
        components: The components.
        commands: The commands of the selected distributions, which are only imported.
        problems: Problems of the selected distributions as a whole.
        whole: The distributions of which everything is selected.
    """

    components: tuple[Component, ...] = ()
    commands: tuple[Component, ...] = ()
    problems: tuple[Problem, ...] = ()
    whole: tuple[str, ...] = ()


def select(asked: str | None) -> Selection:
    """Return the selection that a text names, or every plugin without one.

    Args:
        asked: A distribution; or a component as ``name``, ``distribution/name``, ``kind/name`` or
                ``kind/distribution/name``. A distribution takes precedence over a component of the same name.

    Raises:
        KplugError: if nothing to check has that name.
    """
    if asked is None:
        return _select_plugins()
    parts = asked.split("/")
    if len(parts) == 1 and (found := _find_distribution(asked)) is not None:
        return found
    named = tuple(one for one in _list_components() if _is_meant(one, parts))
    if not named:
        raise _explain_miss(asked, parts)
    return Selection(named)


def _select_plugins() -> Selection:
    here = {one.distribution for one in list_distributions() if not one.is_built_in}
    found = _select_distributions(here - {_OWN}, list_problems())
    if found is None:
        raise KplugError(
            "no plugin is installed, so there is nothing to check",
            hint="Name what you mean; `kplug check kplug` checks what is built in.",
        )
    return found


def _find_distribution(name: str) -> Selection | None:
    canonical = canonicalize_name(name)
    problems = [one for one in list_problems() if one.origin.distribution == canonical]
    return _select_distributions({canonical}, problems)


def _select_distributions(names: Set[str], problems: Iterable[Problem]) -> Selection | None:
    components, commands = (
        tuple(one for one in group if one.origin.distribution in names)
        for group in (_list_components(), list_components(COMMAND))
    )
    found = Selection(components, commands, tuple(problems), tuple(sorted(names)))
    return found if components or commands or found.problems else None


def _list_components() -> list[Component]:
    return [one for kind in KINDS.values() for one in list_components(kind)]


def _is_meant(component: Component, parts: list[str]) -> bool:
    """Whether ``name``, ``distribution/name`` and so on mean a component."""
    *places, name = parts
    if lookup_key(name) not in keys_of(component) or len(places) > 2:
        return False
    kind = _find_kind(places[0]) if places else None
    if kind is not None:
        places = places[1:]
    is_of_kind = kind in (None, component.kind)
    owners = [canonicalize_name(place) for place in places]
    return is_of_kind and owners in ([], [component.origin.distribution])


def _find_kind(text: str) -> str | None:
    try:
        return get_kind(text).name
    except UnknownKindError:
        return None


def _explain_miss(asked: str, parts: list[str]) -> KplugError:
    everything = _list_components()
    owner = canonicalize_name(parts[0] if len(parts) == 1 else parts[-2])
    reason = list_switched_off().get(owner)
    if reason is not None:
        return KplugError(
            f"{owner} is switched off, so it cannot be checked: {reason}",
            hint="`kplug env` shows every setting and its place.",
        )
    if len(parts) == 1 and owner and any(importlib_metadata.distributions(name=owner)):
        return KplugError(
            f"{owner} is installed and offers no component to kplug",
            hint='Its pyproject.toml needs [project.entry-points."kplug.losses"] or another kind\'s; then '
            "install it again, as entry points are read when a distribution is installed.",
        )
    known = {one.origin.distribution for one in everything}
    known |= {name for one in everything for name in (one.name, one.qualified_name)}
    return KplugError(
        f"no installed distribution and no component is named {quote(asked)}",
        hint=f"{did_you_mean(asked, sorted(known))} `kplug list` shows what is installed.".lstrip(),
    )
