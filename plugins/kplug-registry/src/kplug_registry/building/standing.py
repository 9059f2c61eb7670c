"""The score that ranks search results, and the files that it counts: who requires a distribution.

``docs/registry.md`` has the rule. The score is a number that only a release changes, as a site is static.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kplug_registry.building.owners import OPERATOR
from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import (
    MOST_DEPENDENTS,
    Dependent,
    DependentsFile,
    Release,
    ReleaseFile,
    dependents_path,
    find_lowest_level,
    is_distribution_name,
)

_OF_LEVEL = {"bronze": 10, "silver": 20, "gold": 30}
_OF_DOUBLING = 2  # each doubling of the dependents
_MOST_COUNTED = 64


@dataclass(frozen=True, slots=True)
class Listing:
    """What searches and lists show of a distribution: its current release.

    Args:
        release: The release.
        file: What it offers.
        score: Its standing.
        since: The day of the first release of the distribution.
    """

    release: Release
    file: ReleaseFile
    score: int
    since: str


def find_score(file: ReleaseFile, dependents: DependentsFile | None, publisher: str) -> int:
    """Return the standing of a release: its level, and how many others depend on it.

    A level counts that the registry has verified. Dependents count once for each of their publishers, and not
    those of the publisher of the release; only the operator's own count one by one.

    Args:
        file: What the release offers.
        dependents: Who requires the distribution.
        publisher: Who published the release.
    """
    results, level = file.results, None
    if results is not None and results.is_verified:
        level = find_lowest_level(results, [(one.kind, one.name) for one in file.components])
    found = dependents.dependents if dependents else ()
    others = [
        one.publisher for one in found if one.publisher == OPERATOR or one.publisher != publisher
    ]
    count = others.count(OPERATOR) + len({*others} - {OPERATOR})
    return _OF_LEVEL.get(level or "", 0) + _OF_DOUBLING * min(count, _MOST_COUNTED).bit_length()


@lru_cache(maxsize=64)  # a release's are asked for several times, or many releases have the same
def list_needed(requires: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distributions that requirements need in any case, without kplug and what is for an extra.

    Example:
        >>> list_needed(("kplug", "Kplug_Waves>=1", "numpy; extra == 'plot'"))
        ('kplug-waves',)
    """
    needed = (
        canonicalize_name(one.name)
        for one in map(Requirement, requires)
        if "extra" not in str(one.marker or "")
    )
    return tuple(name for name in needed if name != "kplug" and is_distribution_name(name))


def find_dependents(view: SiteView, name: str) -> DependentsFile | None:
    """Return who requires a distribution; None if nobody ever did."""
    return view.find(DependentsFile, dependents_path(name))


def list_changed(before: Listing | None, after: Listing | None) -> list[str]:
    """Return the distributions that another release of a distribution requires, or no longer."""
    old, new = map(_list_edges, (before, after))
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def change_dependents(view: SiteView, before: Listing | None, after: Listing | None) -> None:
    """Update the files of what a distribution requires.

    Args:
        view: The site.
        before: Its current release until now.
        after: Its current release.
    """
    old, new = map(_list_edges, (before, after))
    for name in list_changed(before, after):
        found = find_dependents(view, name) or DependentsFile(name, ())
        own = (old.get(name) or new[name]).name
        kept = [one for one in found.dependents if one.name != own]
        listed = sort_dependents([*kept, *([new[name]] if name in new else [])])
        if listed != found.dependents:
            view.write_noun(dependents_path(name), DependentsFile(name, listed))


def sort_dependents(dependents: Iterable[Dependent]) -> tuple[Dependent, ...]:
    """Return the dependents that a file has, in its order."""
    return tuple(sorted(dependents, key=lambda one: one.name)[:MOST_DEPENDENTS])


def list_edges(file: ReleaseFile, release: Release) -> dict[str, Dependent]:
    """Return what a release requires, each with the release as the dependent."""
    own = Dependent(file.distribution, release.publisher)
    return {name: own for name in list_needed(release.requires) if name != own.name}


def _list_edges(listing: Listing | None) -> Mapping[str, Dependent]:
    return {} if listing is None else list_edges(listing.file, listing.release)
