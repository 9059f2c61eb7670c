"""Checks that a site's pages, for people and for pip, match its other files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from kplug_registry.building import SiteView
from kplug_registry.building.browsing import write_facet_page
from kplug_registry.building.catalogue import (
    write_component_page,
    write_distribution_pages,
)
from kplug_registry.building.feed import write_front_pages
from kplug_registry.building.page_writers import (
    find_page_writers,
    find_writer,
    start_page_writers,
)
from kplug_registry.building.simple_pages import choose_newest, write_project, write_projects
from kplug_registry.site_format import (
    PAGE_WRITERS,
    ComponentFile,
    DistributionFile,
    LookalikeFile,
    PrefixFile,
    ReleaseFile,
    SearchFile,
    SiteFile,
    list_prefixes,
    lookalike_path,
    numbers_path,
    picture_path,
    prefix_path,
    provenance_path,
    wheel_path,
)
from kplug_registry.storage import SiteStorage

_Noun = TypeVar("_Noun")
_MOST_WRITERS = 3  # that a message names, of a file that nobody signs
_BATCH = 100  # distributions or components whose files are in memory together
PAGE_FOLDERS = ("catalogue", "lookalikes", "simple")  # without other files, as are these:
_FOLDERS = (*PAGE_FOLDERS, "files", "numbers", "pictures")


def find_page_faults(
    storage: SiteStorage,
    file: SiteFile,
    distributions: Sequence[DistributionFile],
    files: Mapping[tuple[str, str], ReleaseFile],
    components: Iterable[ComponentFile],
) -> Iterator[str]:
    """Yield a sentence for each page that differs, is missing, or has no subject.

    If another version has written pages, one sentence is about all that differ or are missing.

    Args:
        storage: The storage of the site.
        file: The expected content of `registry.json`.
        distributions: All distributions of the site.
        files: The files of all versions, by distribution and version.
        components: The expected contents of the files of all names.
    """
    releases = [release for one in distributions for release in one.releases]
    wheels = (wheel for release in releases for wheel in release.wheels)
    paths = map(wheel_path, (wheel.filename for wheel in wheels))
    wanted = {each for path in paths for each in (path, f"{path}.metadata")}
    wanted |= {provenance_path(each.filename) for one in releases for each in one.provenances}
    drawn = (each for one in files.values() for each in one.drawn)
    wanted |= {picture_path(each.picture.sha256) for each in drawn}
    wanted |= {numbers_path(release.numbers) for release in releases if release.numbers}
    writers = find_page_writers(SiteView(storage))
    is_own = tuple(writers) == (find_writer(),)
    others = []
    pages = make_pages(
        storage, file, distributions, lambda name, version: files[name, version], components
    )
    for path, content in pages:
        wanted.add(path)
        found = storage.read(path)
        if found == content or path == PAGE_WRITERS:
            continue
        if not is_own:
            others.append(path)
        elif found is None:
            yield f"{path} is not there"
        else:
            yield f"{path} does not show what the distributions' files say"
    if others:
        wrote = ", ".join(writers[-_MOST_WRITERS:]) or "an older version"
        yield (
            f"pages are from another version of the templates: {len(others)}, such as {others[0]}; "
            f"{wrote} wrote pages here, and this is {find_writer()}. "
            f"Write them again with: kplug index pages {storage}"
        )
    there = {path for folder in _FOLDERS for path in storage.list(folder)}
    yield from (f"{path} belongs to nothing in the site" for path in sorted(there - wanted))


def make_pages(
    storage: SiteStorage,
    file: SiteFile,
    distributions: Iterable[DistributionFile],
    find_file: Callable[[str, str], ReleaseFile],
    components: Iterable[ComponentFile],
) -> Iterator[tuple[str, bytes | Path | None]]:
    """Yield the path of each page with its expected content, generated lazily; what wrote them comes last.

    Args:
        storage: The storage of the site.
        file: The content of `registry.json`.
        distributions: All distributions of the site.
        find_file: Returns the file of a distribution's version.
        components: The files of all names.
    """
    view = SiteView(storage)
    names = []
    for distribution in distributions:
        names.append(distribution.name)
        write_project(view, distribution)
        versions = [one.version for one in distribution.releases]
        find_own = partial(find_file, distribution.name)
        write_distribution_pages(view, distribution, find_own, versions)
        if len(names) % _BATCH == 0:
            yield from view.take()
    for name in sorted(names, reverse=True):  # of a shape, the first has the file
        view.write_noun(lookalike_path(name), LookalikeFile(name))
    for count, component in enumerate(components, 1):
        write_component_page(view, component)
        if count % _BATCH == 0:
            yield from view.take()
    newest = choose_newest(view, names)
    write_projects(view, sorted(set(names) - newest), sorted(newest))
    for path in storage.list("search"):
        if "." in path.removesuffix(".json") and (found := view.find(SearchFile, path)) is not None:
            (prefix,) = list_prefixes(found.word)
            facets = view.find(PrefixFile, prefix_path(prefix))
            write_facet_page(view, found.word, partial(_same, found), partial(_same, facets))
    write_front_pages(view, file)
    yield from view.take()
    start_page_writers(view)
    yield from view.take()


def _same(noun: _Noun) -> _Noun:
    return noun
