"""Generates ``registry.json`` and ``feed.xml``: the site's format, and its latest releases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from kplug_registry.building.catalogue import write_start_page
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.visible_text import escape_text
from kplug_registry.site_format import (
    KindCount,
    RecentRelease,
    ReleaseFile,
    SiteFile,
)

MOST_RECENT = 50
_NEVER = "1970-01-01T00:00:00Z"  # a feed has to say when it changed


def start_site(view: SiteView) -> None:
    """Write the files of a site without releases."""
    _write_site_file(view, SiteFile())


def add_recent(view: SiteView, release: RecentRelease) -> None:
    """Put a release at the head of the latest releases."""
    found = view.find(SiteFile, "registry.json") or SiteFile()
    recent = (release, *found.recent)[:MOST_RECENT]
    _write_site_file(view, replace(found, recent=recent))


def update_counts(view: SiteView, before: ReleaseFile | None, after: ReleaseFile | None) -> None:
    """Update the number of components of each kind for another current release of a distribution."""
    old, new = map(count_kinds, (before, after))
    if old == new:
        return
    found = view.find(SiteFile, "registry.json") or SiteFile()
    counts = Counter({each.kind: each.count for each in found.counts})
    counts.subtract(old)
    counts.update(new)
    _write_site_file(view, replace(found, counts=list_counts(counts)))


def count_kinds(current: ReleaseFile | None) -> Counter[str]:
    """Return how many components of each kind a current release offers."""
    return Counter(entry.kind for entry in current.components) if current else Counter()


def list_counts(counts: Counter[str]) -> tuple[KindCount, ...]:
    """Return counts as `registry.json` has them, by kind."""
    return tuple(KindCount(kind, count) for kind, count in sorted(counts.items()) if count)


def write_front_pages(view: SiteView, file: SiteFile) -> None:
    """Write the start page and the feed."""
    write_start_page(view, file)
    view.write_later("feed.xml", lambda: _format_feed(file.recent).encode())


def _write_site_file(view: SiteView, file: SiteFile) -> None:
    view.write_noun("registry.json", file)
    write_front_pages(view, file)


def _format_feed(recent: tuple[RecentRelease, ...]) -> str:
    """Return the releases as an Atom feed (RFC 4287), whose links are relative to it."""
    updated = recent[0].published if recent else _NEVER
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<feed xmlns="http://www.w3.org/2005/Atom">',
            "<title>New plugins of kplug</title>",
            "<id>urn:kplug:registry</id>",
            f"<updated>{updated}</updated>",
            "<author><name>kplug-registry</name></author>",
            *map(_format_entry, recent),
            "</feed>\n",
        ]
    )


def _format_entry(release: RecentRelease) -> str:
    name, version = release.distribution, release.version
    return (
        f"<entry><title>{name} {version}</title><id>urn:kplug:registry:{name}:{version}</id>"
        f"<updated>{release.published}</updated>"
        f'<link href="simple/{name}/"/>'
        f"<summary>{escape_text(release.summary)}</summary></entry>"
    )
