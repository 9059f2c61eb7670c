"""Checks that a site's pages, for people and for pip, match its other files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from kplug_registry.building import SiteView
from kplug_registry.building.browsing import write_facet_page
from kplug_registry.building.catalogue import (
    write_component_page,
    write_distribution_pages,
)
from kplug_registry.building.feed import write_front_pages
from kplug_registry.building.simple_pages import find_newest, write_project, write_projects
from kplug_registry.site_format import (
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
_FOLDERS = (
    "catalogue",
    "files",
    "lookalikes",
    "numbers",
    "pictures",
    "simple",
)  # folders without other files


def find_page_faults(
    storage: SiteStorage,
    file: SiteFile,
    distributions: Sequence[DistributionFile],
    files: Mapping[tuple[str, str], ReleaseFile],
    components: Iterable[ComponentFile],
) -> Iterator[str]:
    """Yield a sentence for each page that differs, is missing, or has no subject.

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
    for path, content in make_pages(storage, file, distributions, files, components):
        wanted.add(path)
        found = storage.read(path)
        if found is None:
            yield f"{path} is not there"
        elif found != content:
            yield f"{path} does not show what the distributions' files say"
    there = {path for folder in _FOLDERS for path in storage.list(folder)}
    yield from (f"{path} belongs to nothing in the site" for path in sorted(there - wanted))


def make_pages(
    storage: SiteStorage,
    file: SiteFile,
    distributions: Iterable[DistributionFile],
    files: Mapping[tuple[str, str], ReleaseFile],
    components: Iterable[ComponentFile],
) -> Iterator[tuple[str, object]]:
    """Yield the path of each page with its expected content, generated lazily.

    Args:
        storage: The storage of the site.
        file: The content of `registry.json`.
        distributions: All distributions of the site.
        files: The files of all versions, by distribution and version.
        components: The files of all names.
    """
    view = SiteView(storage)
    names = []
    for distribution in distributions:
        names.append(distribution.name)
        write_project(view, distribution)
        own = {one.version: files[distribution.name, one.version] for one in distribution.releases}
        write_distribution_pages(view, distribution, own.__getitem__, own)
    for name in sorted(names, reverse=True):  # of a shape, the first has the file
        view.write_noun(lookalike_path(name), LookalikeFile(name))
    for component in components:
        write_component_page(view, component)
    newest = set(find_newest(view).names) & set(names)
    write_projects(view, sorted(set(names) - newest), sorted(newest))
    for path in storage.list("search"):
        if "." in path.removesuffix(".json") and (found := view.find(SearchFile, path)) is not None:
            (prefix,) = list_prefixes(found.word)
            facets = view.find(PrefixFile, prefix_path(prefix))
            write_facet_page(view, found.word, partial(_same, found), partial(_same, facets))
    write_front_pages(view, file)
    yield from view.take()


def _same(noun: _Noun) -> _Noun:
    return noun
