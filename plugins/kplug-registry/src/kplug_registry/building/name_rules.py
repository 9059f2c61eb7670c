"""Naming rules of a site: refuse names that belong to others, or look as if they did."""

from __future__ import annotations

from functools import lru_cache

from packaging.utils import canonicalize_name

from kplug import list_built_ins, lookup_key
from kplug_registry.building.held_names import (
    LIBRARIES,
    explain,
    is_allowed,
    list_names,
    parse_requirement,
)
from kplug_registry.building.search_files import list_words
from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.site_format import (
    DistributionFile,
    LookalikeFile,
    distribution_path,
    is_distribution_name,
    list_prefixes,
    lookalike_path,
)
from kplug_registry.wheels import WheelContents

_RESERVED = ("custom", "kplug", "torch")  # the namespaces of built-ins and of a user's own code
_MOST_FILES = 10_000  # of a wheel's names and words
_MOST_HITS = 100_000


def check_rules(view: SiteView, wheel: WheelContents) -> None:
    """Refuse a wheel whose names a site does not accept.

    Raises:
        PublishingError: with the name and its owner.
    """
    _check_library(view, wheel)
    _check_requirements(wheel)
    _check_name(view, str(wheel.metadata.name))
    _check_packages(view, wheel)
    _check_size(wheel)
    for entry in wheel.components:
        own = _built_in_names(entry.kind)
        shadowed = next(
            (one for one in (entry.name, *entry.aliases) if lookup_key(one) in own), None
        )
        if shadowed is not None and not entry.is_qualified_only:
            built_in = own[lookup_key(shadowed)]
            raise PublishingError(
                f"{wheel.path.name} offers the {entry.kind} {shadowed!r}, a name of the built-in {built_in}",
                hint="Rename it, or declare it with Component(…, is_qualified_only=True).",
            )


def claim_name(view: SiteView, name: str) -> None:
    """Claim the name of a distribution, so that lookalikes are refused later."""
    path = lookalike_path(name)
    known = view.find(LookalikeFile, path)
    if known is None or name < known.name:
        view.write_noun(path, LookalikeFile(name))


def _check_library(view: SiteView, wheel: WheelContents) -> None:
    name = wheel.metadata.name
    if wheel.is_library and name not in list_names(view, LIBRARIES):
        raise PublishingError(
            f"{wheel.path.name} is no plugin of kplug: it has no entry points in a group of kplug's",
            hint="Whoever runs the registry can allow it as a library that plugins require: "
            f"kplug names library {name} --to SITE",
        )


def _check_requirements(wheel: WheelContents) -> None:
    requirements = list(map(parse_requirement, wheel.metadata.requires))
    by_address = next((one for one in requirements if one.url), None)
    if by_address is not None:
        raise PublishingError(
            f"{wheel.path.name} requires {by_address.name} from an address, past every registry",
            hint="Require it by name and version.",
        )
    is_bound = any(canonicalize_name(one.name) == "kplug" for one in requirements)
    if not is_bound and not wheel.is_library:
        raise PublishingError(
            f"{wheel.path.name} does not require kplug",
            hint='A plugin has dependencies = ["kplug"].',
        )


def _check_size(wheel: WheelContents) -> None:
    """Refuse a wheel with too many names and words, as each gets files."""
    names: set[tuple[str, str]] = set()
    words: set[str] = set()
    hits = 0
    for one in wheel.components:
        own = (one.name, *one.aliases)
        found = set(list_words(one))
        names.update((one.kind, lookup_key(name)) for name in own)
        words |= found
        hits += len(found)
    prefixes = {prefix for word in words for prefix in list_prefixes(word)}
    files = 2 * len(names) + len(words) + len(prefixes)
    if files > _MOST_FILES or hits > _MOST_HITS:
        raise PublishingError(
            f"{wheel.path.name} would write {files} files with {hits} hits, for {len(names)} names and the "
            f"{len(words)} words of names and documentation; {_MOST_FILES} files and {_MOST_HITS} hits are "
            "allowed",
            hint="Divide it into several distributions.",
        )


def _check_name(view: SiteView, name: str) -> None:
    if name in _RESERVED:
        raise PublishingError(f"no plugin may be called {name!r}", hint="Give it another name.")
    known = view.find(LookalikeFile, lookalike_path(name))
    is_other = known is not None and known.name != name
    is_there = is_other and view.find(DistributionFile, distribution_path(name)) is not None
    if known is not None and is_other and not is_there and not is_allowed(view, name):
        raise NotPermittedError(
            f"the name {name!r} looks like {known.name!r}, which {view.storage} has",
            hint=explain(name),
        )


def _check_packages(view: SiteView, wheel: WheelContents) -> None:
    """Refuse a wheel with a package that has the name of another distribution of the site."""
    for package in wheel.packages:
        name = canonicalize_name(package)
        if name == wheel.metadata.name or not is_distribution_name(name):
            continue
        if view.find(DistributionFile, distribution_path(name)) is not None:
            raise PublishingError(
                f"{wheel.path.name} brings {package!r}, the package of {name}, which {view.storage} has",
                hint="Rename the package.",
            )


@lru_cache
def _built_in_names(kind: str) -> dict[str, str]:
    """Return the qualified names of the built-ins of a kind, by lookup key."""
    return {
        lookup_key(name): component.qualified_name
        for component in list_built_ins(kind)
        for name in (component.name, *component.aliases)
    }
