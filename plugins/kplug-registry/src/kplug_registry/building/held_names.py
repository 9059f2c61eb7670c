"""Holds new names that belong to others, or are like theirs, until whoever runs the site allows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kplug_registry.building.simple_pages import read_names
from kplug_registry.building.site_view import SiteView
from kplug_registry.errors import NotPermittedError
from kplug_registry.site_format import (
    DistributionFile,
    NameList,
    distribution_path,
    find_shape,
)

REQUIRED, RESERVED, ALLOWED, LIBRARIES = (
    f"names/{name}.json" for name in ("required", "reserved", "allowed", "libraries")
)


def hold_names(view: SiteView, names: Iterable[str], publisher: str) -> None:
    """Refuse those names that are new to a site and need to be allowed.

    It compares a new name with all of the site, which takes 0.3 s for 100,000.

    Args:
        view: The site, before the names are added.
        names: The distributions that are published.
        publisher: In whose name. What is like a distribution of its own needs nobody's leave.

    Raises:
        NotPermittedError: with the other name.
    """
    new = [name for name in names if view.find(DistributionFile, distribution_path(name)) is None]
    for name in new:
        if is_allowed(view, name):
            continue
        if reason := next(_find_reasons(view, name, publisher), None):
            raise NotPermittedError(f"the name {name!r} is held: {reason}", hint=explain(name))


def explain(name: str) -> str:
    """Return what to do about a name that is held."""
    return (
        "Give it a name that nobody takes for the other. Whoever runs the registry can allow it: "
        f"kplug names allow {name} --to SITE"
    )


def is_allowed(view: SiteView, name: str) -> bool:
    """Whether whoever runs the site has allowed a name."""
    return any(name in list_names(view, path) for path in (ALLOWED, LIBRARIES))


def list_names(view: SiteView, path: str) -> tuple[str, ...]:
    """Return the names in one of the lists, sorted."""
    found = view.find(NameList, path)
    return found.names if found is not None else ()


def change_names(
    view: SiteView, path: str, added: Iterable[str], removed: Iterable[str] = ()
) -> None:
    """Add names to a list, and remove others."""
    known = list_names(view, path)
    wanted = tuple(sorted({*known, *added} - {*removed}))
    if wanted != known:
        view.write_noun(path, NameList(wanted))


@lru_cache(maxsize=1024)  # most releases require the same
def parse_requirement(text: str) -> Requirement:
    """Return a requirement, which is not to be changed."""
    return Requirement(text)


def list_required(requirements: Iterable[str]) -> set[str]:
    """Return the distributions that requirements name.

    Example:
        >>> sorted(list_required(["Kplug_Waves>=1", "numpy; extra == 'plot'"]))
        ['kplug-waves', 'numpy']
    """
    return {canonicalize_name(parse_requirement(text).name) for text in requirements}


def find_near_names(names: Iterable[str], name: str) -> list[str]:
    """Return the names that are easily taken for another.

    One letter differs, is missing, added or exchanged with the next; or the parts have another order. Letters
    and digits that look alike are the same, and hyphens do not count.

    Example:
        >>> names = ["kplug-waves", "kplug-dice-loss"]
        >>> [find_near_names(names, name) for name in ("kplug-vvave", "loss-dice-kplug", "kplug-tides")]
        [['kplug-waves'], ['kplug-dice-loss'], []]
    """
    near = re.compile("|".join(_list_near_patterns(find_shape(name))))
    parts = sorted(name.split("-"))
    return [
        other
        for other in names
        if other != name
        and (near.fullmatch(find_shape(other)) or sorted(other.split("-")) == parts)
    ]


def _find_reasons(view: SiteView, name: str, publisher: str) -> Iterator[str]:
    """Yield a clause for each name of others that it is, or is like."""
    required = list_names(view, REQUIRED)
    if name in required:
        yield f"releases in {view.storage} require it"
    shape = find_shape(name)
    for other in list_names(view, RESERVED):
        if other == name:
            yield f"it is reserved by whoever runs {view.storage}"
        elif find_shape(other) == shape:
            yield f"it looks like {other!r}, which is reserved by whoever runs {view.storage}"
    for other in find_near_names(read_names(view), name):
        found = view.find(DistributionFile, distribution_path(other))
        if found is None or publisher not in found.owners:
            yield f"it is like {other!r}, which {view.storage} has"
    for other in find_near_names(required, name):
        if view.find(DistributionFile, distribution_path(other)) is None:
            yield f"it is like {other!r}, which releases in {view.storage} require"


def _list_near_patterns(shape: str) -> Iterator[str]:
    for at in range(len(shape) + 1):
        before, after = re.escape(shape[:at]), re.escape(shape[at + 1 :])
        yield f"{before}.?{after}"  # another letter, or one less
        yield f"{before}.{re.escape(shape[at:])}"  # one more
        yield f"{before}{re.escape(shape[at : at + 2][::-1] + shape[at + 2 :])}"  # two exchanged
