"""Makes and refreshes a mirror: a copy of a registry in a folder that any web server can serve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from kplug_registry.building import SiteView
from kplug_registry.building.held_names import REQUIRED, list_required
from kplug_registry.building.trusted_publishers import TRUSTING
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.publishing.page_check import make_pages
from kplug_registry.site_format import (
    ComponentFile,
    DistributionFile,
    NameList,
    ReleaseFile,
    SiteFile,
    numbers_path,
    picture_path,
    provenance_path,
    to_json,
    wheel_path,
)
from kplug_registry.storage import Folder
from kplug_registry.trust.metadata_paths import content_path
from kplug_registry.trust.mirror_folders import (
    check_mirror,
    mark_mirror,
    remove_obsolete,
    write_metadata,
    write_recalls,
)
from kplug_registry.trust.verified_site import SignedState

_Noun = TypeVar("_Noun")
_AT_ONCE, _BATCH = 8, 64
_MOST_BYTES = 16 << 20  # of a file whose length nothing says


class _Wanted(NamedTuple):
    """A file of the registry.

    Args:
        path: Its place in the mirror.
        source: Its path at the registry.
        sha256: The hash of its content.
        most_bytes: How many bytes it has at most.
    """

    path: str
    source: str
    sha256: str
    most_bytes: int


@dataclass
class MirrorCounts:
    """The number of files of a mirror.

    Args:
        files: Of the registry.
        fetched: Of these, those that the folder lacked.
        removed: Obsolete ones that were removed.
    """

    files: int = 0
    fetched: int = 0
    removed: int = 0


def mirror(registry: ConfiguredRegistry, folder: Path) -> MirrorCounts:
    """Copy the newest state of a registry into a folder, or what the folder lacks of it.

    Every file is checked before it is written. The files that lead to a state are written last, so that
    readers of the mirror see a whole state at any time, and a mirror that was interrupted goes on with what
    it lacks. Pages are made here, from what is signed.

    Args:
        registry: The registry.
        folder: The folder, a new one or a mirror of the same registry.

    Raises:
        RegistrySettingError: if the registry is not signed, as nothing says which files it has.
        PublishingError: if the folder has something else, or cannot be written to.
        TrustError: if a file is not what was signed.
        UnreachableSiteError: if the registry does not answer.
    """
    site = registry.get_signed_site()
    storage, counts = Folder(folder), MirrorCounts()
    state = site.read_state()
    first_seen = check_mirror(storage, state)
    with storage.take_turn(timeout=60):
        mark_mirror(storage, first_seen)
        signed = [
            _Wanted(content_path(path, sha256), content_path(path, sha256), sha256, length)
            for path, (sha256, length) in sorted(state.files.items())
        ]
        _fetch_all(registry, storage, signed, counts)
        _copy_signed(storage, state)
        view = SiteView(storage)
        distributions = _read_all(view, DistributionFile, state, "distributions/")
        releases = _read_all(view, ReleaseFile, state, "releases/")
        others = list(_list_hashed(distributions, releases))
        _fetch_all(registry, storage, others, counts)
        kept = {each.path for each in (*signed, *others)} | set(state.files)
        kept |= write_recalls(storage, state)  # which pages show
        kept |= _write_pages(storage, state, distributions, releases)
        kept |= write_metadata(storage, state)
        counts.removed = remove_obsolete(storage, kept, first_seen)
    return counts


def _fetch_all(
    registry: ConfiguredRegistry, storage: Folder, files: Iterable[_Wanted], counts: MirrorCounts
) -> None:
    """Fetch what the folder lacks, several files at once."""
    files = list(files)
    counts.files += len(files)
    lacking = (each for each in files if storage.find_hash(each.path) != each.sha256)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while batch := list(islice(lacking, _BATCH)):
            found = pool.map(
                lambda each: registry.fetch_hashed(each.source, each.sha256, each.most_bytes), batch
            )
            storage.write({each.path: data for each, data in zip(batch, found, strict=True)})
            counts.fetched += len(batch)


def _copy_signed(storage: Folder, state: SignedState) -> None:
    """Write the signed files to the paths that pages and people read."""
    for path, (sha256, _) in state.files.items():
        if storage.find_hash(path) != sha256:
            storage.write({path: storage.read(content_path(path, sha256)) or b""})


def _read_all(view: SiteView, noun: type[_Noun], state: SignedState, folder: str) -> list[_Noun]:
    paths = sorted(path for path in state.files if path.startswith(folder))
    return [found for path in paths if (found := view.find(noun, path)) is not None]


def _list_hashed(
    distributions: Iterable[DistributionFile], releases: Iterable[ReleaseFile]
) -> Iterator[_Wanted]:
    """Yield the files that a signed one gives a hash, each once."""
    known: set[str] = set()
    for each in (*_list_of_releases(distributions), *_list_pictures(releases)):
        if each.path not in known:
            known.add(each.path)
            yield each


def _list_of_releases(distributions: Iterable[DistributionFile]) -> Iterator[_Wanted]:
    for release in (release for one in distributions for release in one.releases):
        for wheel in release.wheels:
            path = wheel_path(wheel.filename)
            yield _Wanted(path, path, wheel.sha256, wheel.size)
            metadata = f"{path}.metadata"
            yield _Wanted(metadata, metadata, wheel.metadata_sha256, _MOST_BYTES)
        for provenance in release.provenances:
            path = provenance_path(provenance.filename)
            yield _Wanted(path, path, provenance.sha256, _MOST_BYTES)
        if release.numbers is not None:
            path = numbers_path(release.numbers)
            yield _Wanted(path, path, release.numbers, _MOST_BYTES)


def _list_pictures(releases: Iterable[ReleaseFile]) -> Iterator[_Wanted]:
    for drawn in (drawn for one in releases for drawn in one.drawn):
        path = picture_path(drawn.picture.sha256)
        yield _Wanted(path, path, drawn.picture.sha256, _MOST_BYTES)


def _write_pages(
    storage: Folder,
    state: SignedState,
    distributions: list[DistributionFile],
    releases: list[ReleaseFile],
) -> set[str]:
    """Write the pages that differ, and return the paths of all."""
    view = SiteView(storage)
    file = view.find(SiteFile, "registry.json") or SiteFile()
    components = _read_all(view, ComponentFile, state, "components/")
    files = {(each.distribution, each.version): each for each in releases}
    offered = [each for each in components if each.offers]
    required = set().union(
        *(list_required(one.requires) for each in distributions for one in each.releases)
    )
    trusting = {each.name for each in distributions if each.trusted_publishers}
    lists = {REQUIRED: required, TRUSTING: trusting}
    names = {
        path: to_json(NameList(tuple(sorted(found))))
        for path, found in lists.items()
        if found or storage.read(path) is not None
    }
    paths = set()
    pages = make_pages(
        storage, file, distributions, lambda name, version: files[name, version], offered
    )
    everything: Iterator[tuple[str, object]] = chain(names.items(), pages)
    for path, content in everything:
        paths.add(path)
        if path in state.files or not isinstance(content, bytes):
            continue
        if storage.read(path) != content:
            storage.write({path: content})
    return paths
