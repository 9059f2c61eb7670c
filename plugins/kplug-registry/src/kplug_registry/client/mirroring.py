"""Makes and refreshes a mirror: a copy of a registry in a folder that any web server can serve."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from kplug_registry.building import SiteView
from kplug_registry.building.held_names import REQUIRED, list_required
from kplug_registry.client.registries import ConfiguredRegistry
from kplug_registry.errors import PublishingError, RegistrySettingError
from kplug_registry.publishing.page_check import make_pages
from kplug_registry.site_format import (
    ComponentFile,
    DistributionFile,
    NameList,
    ReleaseFile,
    SiteFile,
    numbers_path,
    picture_path,
    to_json,
    wheel_path,
)
from kplug_registry.storage import WORKPLACE, Folder
from kplug_registry.trust.keys import ROOT
from kplug_registry.trust.metadata_paths import LATEST, content_path, metadata_path, write_latest
from kplug_registry.trust.obsolete_files import KEPT
from kplug_registry.trust.verified_site import SignedState, VerifiedSite

_Noun = TypeVar("_Noun")
_MARK = (
    f"{WORKPLACE}/mirror.json"  # what makes a folder a mirror, and since when a file is obsolete
)
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
    site = registry.site
    if not isinstance(site, VerifiedSite):
        raise RegistrySettingError(
            f"the registry {registry.name!r} is not signed, so nothing says which files it has",
            hint="Copy its folder.",
        )
    storage, counts = Folder(folder), MirrorCounts()
    state = site.read_state()
    first_seen = _check_folder(storage, state)
    with storage.take_turn(timeout=60):
        storage.write({_MARK: json.dumps(first_seen).encode()})
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
        kept |= _write_pages(storage, state, distributions, releases)
        kept |= _write_metadata(storage, state)
        counts.removed = _remove_obsolete(storage, kept, first_seen)
    return counts


def _check_folder(storage: Folder, state: SignedState) -> dict[str, float]:
    """Return since when each file of a mirror is obsolete.

    Raises:
        PublishingError: if the folder is neither new nor a mirror of the registry.
    """
    mark, path = storage.read(_MARK), storage.path
    if mark is None and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise PublishingError(
            f"{storage} is there already, and is no mirror",
            hint="Name a folder that is new or empty.",
        )
    first = storage.read(metadata_path(ROOT, 1))
    if first is not None and first != state.roots[1]:
        raise PublishingError(
            f"{storage} is a mirror of another registry",
            hint="Give each mirror a folder of its own.",
        )
    found: dict[str, float] = json.loads(mark or b"{}")
    return found


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
    names = {REQUIRED: to_json(NameList(tuple(sorted(required)))).encode()} if required else {}
    paths = set()
    pages = make_pages(storage, file, distributions, files, offered)
    everything: Iterator[tuple[str, object]] = chain(names.items(), pages)
    for path, content in everything:
        paths.add(path)
        if path in state.files or not isinstance(content, bytes):
            continue
        if storage.read(path) != content:
            storage.write({path: content})
    return paths


def _write_metadata(storage: Folder, state: SignedState) -> set[str]:
    """Write the metadata, those that lead to the state last, and return their paths."""
    newest = max(state.roots)
    files = {metadata_path(ROOT, version): root for version, root in state.roots.items()}
    files |= {metadata_path(ROOT): state.roots[newest], **state.metadata}
    *_, targets, snapshot, timestamp = state.metadata
    begun_with = (snapshot, targets, timestamp, metadata_path(ROOT, newest))
    files[LATEST] = write_latest(newest, {path: files[path] for path in begun_with})
    for path, data in files.items():
        if storage.read(path) != data:
            storage.write({path: data})
    return set(files)


def _remove_obsolete(storage: Folder, kept: set[str], first_seen: Mapping[str, float]) -> int:
    """Remove what has been obsolete for so long that nobody reads it any more."""
    now = time.time()
    there = {path for path in storage.list(".") if not path.startswith(f"{WORKPLACE}/")}
    obsolete = {path: first_seen.get(path, now) for path in sorted(there - kept)}
    old = [path for path, since in obsolete.items() if since <= now - KEPT]
    storage.remove(old)
    noted = {path: since for path, since in obsolete.items() if path not in old}
    storage.write({_MARK: json.dumps(noted).encode()})
    return len(old)
