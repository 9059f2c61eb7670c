"""Writes the pages of a site again, after an upgrade of kplug-registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kplug_registry.building import SiteView
from kplug_registry.building.releases import find_release
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.page_check import PAGE_FOLDERS, make_pages
from kplug_registry.publishing.transactions import commit, locked
from kplug_registry.site_format import (
    ComponentFile,
    DistributionFile,
    ReleaseFile,
    SiteFile,
    from_json,
    numbers_path,
    wheel_path,
)
from kplug_registry.storage import SiteStorage, Turn
from kplug_registry.trust.signature_check import find_signature_faults

_BATCH = 200  # pages that are committed together


@dataclass
class PageCounts:
    """The number of pages of a site.

    Args:
        pages: All of them.
        written: Of these, those that differed or were missing.
        removed: Files in their folders that are no pages of this version.
    """

    pages: int = 0
    written: int = 0
    removed: int = 0


def write_pages(site: SiteStorage) -> PageCounts:
    """Write all pages of a site that differ from what its signed files say, which stay as they are.

    Each batch of pages is a change of its own, and what says who wrote them is in the last one. So a writer
    that dies leaves whole pages, of both versions, and the next one goes on.

    Args:
        site: The storage of the site.

    Raises:
        PublishingError: if there is no site, another writer does not finish, or a file is not the signed one.
        SiteFormatError: for a file of another form.
    """
    counts = PageCounts()
    with locked(site) as turn:
        faults = find_signature_faults(site, turn.check) or list(_find_changed(site, turn))
        if faults:
            more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
            raise PublishingError(
                f"no page was written, as the files of the site are not sound: {faults[0]}{more}",
                hint=f"`kplug index verify {site}` names all. Restore them, or renew what has expired.",
            )
        head = SiteView(site).find(SiteFile, "registry.json") or SiteFile()
        made, batch = set[str](), dict[str, bytes | Path | None]()
        distributions, components = _read_distributions(site), _read_components(site)

        def find_file(name: str, version: str) -> ReleaseFile:
            return find_release(SiteView(site), name, version)  # one that keeps nothing

        for path, content in make_pages(site, head, distributions, find_file, components):
            made.add(path)
            turn.check()  # it may take longer than a turn
            if site.read(path) != content:
                batch[path] = content
            if len(batch) == _BATCH:
                commit(site, turn, batch, {})
                counts.written += len(batch)
                batch = {}
        there = {path for folder in PAGE_FOLDERS for path in site.list(folder)}
        counts.pages, counts.removed = len(made), len(there - made)
        counts.written += len(batch)
        if changes := batch | dict.fromkeys(there - made):
            commit(site, turn, changes, {})
    return counts


def _find_changed(site: SiteStorage, turn: Turn) -> Iterator[str]:
    """Yield a sentence for each other file that pages show, whose hash is not the one that is listed."""
    for distribution in _read_distributions(site):
        turn.check()
        for release in distribution.releases:
            shown = {
                f"{wheel_path(one.filename)}.metadata": one.metadata_sha256
                for one in release.wheels
            }
            if release.numbers is not None:
                shown[numbers_path(release.numbers)] = release.numbers
            for path, digest in shown.items():
                if site.find_hash(path) != digest:
                    yield f"{path} does not have the hash that {distribution.name} {release.version} gives it"


def _read_distributions(site: SiteStorage) -> Iterator[DistributionFile]:
    for path in site.list("distributions"):
        yield from_json(DistributionFile, site.read(path) or b"", path)


def _read_components(site: SiteStorage) -> Iterator[ComponentFile]:
    for path in site.list("components"):
        found = from_json(ComponentFile, site.read(path) or b"", path)
        if found.offers:
            yield found
