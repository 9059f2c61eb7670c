"""Generates ``catalogue/kinds/`` and ``catalogue/names/``: lists to browse without a search or a script.

A facet, such as the losses of level gold, has a file in ``search/`` that is no word's: ``loss.level-gold``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from kplug import lookup_key
from kplug_registry.building.catalogue import FOLDER, lay_out, render
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.standing import Listing, list_needed
from kplug_registry.site_format import (
    LICENCES,
    ComponentEntry,
    PrefixFile,
    SearchFile,
    summarize_checks,
)

_ALL = "all"
_GROUPS = {"level": "Level", "lifecycle": "Lifecycle", "licence": "Licence", "needs": "Needs"}
_MOST_NEEDED = 20  # of what a distribution requires, since each has a list
_MOST_SHOWN = 100
_ROOT = "../../"
_START = re.compile(r"(kplug-)?([a-z0-9])-?([a-z0-9]?)")


def find_licence(listing: Listing) -> str:
    """Return the identifier of a usual licence, ``other`` for another one, and an empty text without one."""
    licence = listing.release.license.casefold()
    return licence if not licence or licence in LICENCES else "other"


def list_facets(listing: Listing) -> Iterator[tuple[ComponentEntry, str, list[str]]]:
    """Yield each component of a release with its level, or an empty text, and the lists that have it."""
    checks = summarize_checks(listing.file.results)
    licence = find_licence(listing)
    of_all = [f"licence-{licence}"] if licence else []
    of_all += [f"needs-{name}" for name in list_needed(listing.release.requires)[:_MOST_NEEDED]]
    for entry in listing.file.components:
        found = checks.get((entry.kind, entry.name))
        level = (found.level if found else None) or ""
        stage = [f"lifecycle-{entry.lifecycle}"] if entry.lifecycle else []
        own = [f"level-{level}"] if level else []
        yield entry, level, [f"{entry.kind}.{each}" for each in (_ALL, *own, *stage, *of_all)]


def write_facet_page(
    view: SiteView,
    facet: str,
    make_file: Callable[[], SearchFile],
    make_facets: Callable[[], PrefixFile | None],
) -> None:
    """Write the page of a facet.

    Args:
        view: The site.
        facet: Such as ``loss.level-gold``.
        make_file: Returns its hits when the page is made.
        make_facets: Returns the facets of its kind, to which the page of all of the kind leads.
    """
    page = partial(_make_facet_page, facet, make_file, make_facets)
    view.write_later(f"{FOLDER}/kinds/{facet}.html", page)


def write_name_pages(view: SiteView, names: Iterable[str], newest: Iterable[str]) -> None:
    """Write the pages that list the distributions by the first two characters of their names.

    Args:
        view: The site.
        names: All distributions but the newest, sorted.
        newest: The newest, as in `write_newest_page`.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[find_start(name)].append(name)
    for start, listed in groups.items():
        _write_names(view, start, listed)
    main = render("starts.html", starts=sorted(groups))
    view.write(f"{FOLDER}/names/index.html", lay_out(_ROOT, "Distributions", main))
    write_newest_page(view, newest)


def write_newest_page(view: SiteView, newest: Iterable[str]) -> None:
    """Write the page of the distributions that the other lists lack: fewer than a hundredth of all."""
    _write_names(view, "newest", newest)


def _write_names(view: SiteView, title: str, names: Iterable[str]) -> None:
    main = render("names.html", title=title, names=names)
    view.write(f"{FOLDER}/names/{title}.html", lay_out(_ROOT, f"Distributions: {title}", main))


def find_start(name: str) -> str:
    """Return the characters under which a distribution is listed: the first two without ``kplug-``.

    Example:
        >>> find_start("kplug-waves"), find_start("kplug-t5"), find_start("x")
        ('wa', 't5', 'x')
    """
    found = _START.match(name)
    return f"{found[2]}{found[3]}" if found else name[:1]


def _make_facet_page(
    facet: str, make_file: Callable[[], SearchFile], make_facets: Callable[[], PrefixFile | None]
) -> bytes:
    kind, _, value = facet.partition(".")
    listed = make_facets() if value == _ALL else None
    groups: dict[str, list[tuple[str, str]]] = {}
    for each in sorted(listed.words if listed else ()):
        group, _, name = each.partition(".")[2].partition("-")
        if group in _GROUPS:
            groups.setdefault(_GROUPS[group], []).append((each, name))
    title = f"Kind: {kind}"
    if value != _ALL:
        group, _, name = value.partition("-")
        title = f"{kind}, {_GROUPS[group].lower()} {name}"
    hits = make_file().hits[:_MOST_SHOWN]
    facts = {"kind": kind, "title": title, "hits": hits, "groups": groups, "key": lookup_key}
    main = render("kind.html", is_cut=len(hits) == _MOST_SHOWN, **facts)
    return lay_out(_ROOT, title, main)
