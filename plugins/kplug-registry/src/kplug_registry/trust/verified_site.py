"""`VerifiedSite`: a site of which only files signed by its root's keys are accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from urllib.parse import quote

from tuf.api.exceptions import DownloadHTTPError, StorageError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater

from kplug_registry.errors import TrustError
from kplug_registry.site_format import current_time
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from kplug_registry.trust.latest_metadata import LatestMetadata
from kplug_registry.trust.metadata_paths import (
    FORMAT_FIELD,
    METADATA,
    RECALLS_FIELD,
    content_path,
    is_copied,
    metadata_path,
)
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing import write_file
from kplug_registry.trust.site_copy import SiteCopy
from kplug_registry.trust.tuf_refusals import explaining_refusals

_MOST_ROOTS, _LONGEST_ROOT = 64, 512_000
_BATCH = 200  # files, between which other processes may use the copy


@dataclass(frozen=True)
class SignedState:
    """One state of a site.

    Args:
        files: The hash of each signed file by its path, and its length in bytes.
        roots: The root of each version, the newest last.
        metadata: The other metadata by their paths, in the order in which a copy is written.
    """

    files: Mapping[str, tuple[str, int]]
    roots: Mapping[int, bytes]
    metadata: Mapping[str, bytes]


class VerifiedSite:
    """A signed site.

    Args:
        address: Its URL: ``https:``, ``http:`` or ``file:``.
        folder: The folder of its copy.
        root: The trusted root: the content of a file, or a fingerprint ``sha256:…``.
        fetcher: Fetches files.
        keep_recalls: Keeps the list of recalls, if the site has one, before the site is used; it refuses an
            older one.
    """

    is_signed = True

    def __init__(
        self,
        address: str,
        folder: Path,
        root: bytes | str,
        fetcher: SiteFetcher | None = None,
        keep_recalls: Callable[[bytes], None] | None = None,
    ) -> None:
        self.address = address.rstrip("/") + "/"
        self.copy = SiteCopy(folder)
        self._seen = folder / "verified"
        self._root, self._fetcher = root, fetcher or SiteFetcher()
        self._keep_recalls = keep_recalls
        self._updater: Updater | None = None
        self._latest: LatestMetadata | None = None

    @property
    def last_verified(self) -> str | None:
        """The time in UTC of the last successful verification on this machine; None if never."""
        return self._seen.read_text() if self._seen.exists() else None

    def refresh(self) -> None:
        """Fetch and verify the newest metadata of the site.

        Raises:
            TrustError: if it is rolled back, expired, inconsistent, or signed by others.
            UnreachableSiteError: if it does not answer.
        """
        with explaining_refusals(self.address, self.copy):
            updater = self._refresh()
            recalls = self._read_metadata(TARGETS).unrecognized_fields.get(RECALLS_FIELD)
            if recalls is not None and self._keep_recalls is not None:
                self._keep_recalls(json.dumps(recalls, ensure_ascii=False).encode())
            self._updater = updater
            write_file(self._seen, current_time().encode())

    def fetch(self, path: str) -> bytes | None:
        """Return a file of the newest state, or None if it has none of that path.

        Raises:
            TrustError: if it is not what was signed.
            UnreachableSiteError: if the site does not answer.
        """
        if self._updater is None:
            self.refresh()
        assert self._updater is not None  # noqa: S101 - refresh() made it
        with explaining_refusals(self.address, self.copy):
            info = self._updater.get_targetinfo(path)
            if info is None:
                self.copy.remove(path)
                return None
            if (kept := self._find_kept(path, info)) is not None:
                return kept
            data = self._fetcher.download_bytes(self._locate_content(path, info), info.length)
            info.verify_length_and_hashes(data)
            self.copy.write(path, data)
            return data

    def fetch_all(self) -> int:
        """Keep what names and searches need of the newest state in the copy, and return how many files it is.

        Files that the copy has already are not requested, the others several at once.

        Raises:
            TrustError: if one is not what was signed.
            UnreachableSiteError: if the site does not answer.
        """
        targets = {path: info for path, info in self._list_targets().items() if is_copied(path)}
        wanted = (
            (path, info) for path, info in targets.items() if self._find_kept(path, info) is None
        )
        while batch := list(islice(wanted, _BATCH)):
            urls = [(self._locate_content(path, info), info.length) for path, info in batch]
            with explaining_refusals(self.address, self.copy):
                for (path, info), data in zip(batch, self._fetcher.download_all(urls), strict=True):
                    info.verify_length_and_hashes(data)
                    self.copy.write(path, data)
        return len(targets)

    def find_format(self) -> object:
        """Return the format of the site, as it is signed; None if nothing says it.

        Raises:
            TrustError: if the site is not what was signed.
            UnreachableSiteError: if it does not answer.
        """
        if self._updater is None:
            self.refresh()
        return self._read_metadata(TARGETS).unrecognized_fields.get(FORMAT_FIELD)

    def read_state(self) -> SignedState:
        """Return the newest state without the contents of its files.

        Raises:
            TrustError: if it is not what was signed.
            UnreachableSiteError: if the site does not answer.
        """
        targets = self._list_targets()
        delegations = self._read_metadata(TARGETS).delegations
        bins = delegations.succinct_roles if delegations else None
        metadata = {}
        for role in (*(bins.get_roles() if bins else ()), TARGETS, SNAPSHOT):
            data = (self.copy.folder / METADATA / f"{role}.json").read_bytes()
            metadata[metadata_path(role, Metadata.from_bytes(data).signed.version)] = data
        timestamp = (self.copy.folder / METADATA / f"{TIMESTAMP}.json").read_bytes()
        metadata[metadata_path(TIMESTAMP)] = timestamp
        files = {path: (info.hashes["sha256"], info.length) for path, info in targets.items()}
        return SignedState(files, self._read_roots(), metadata)

    def _read_roots(self) -> dict[int, bytes]:
        """Return all roots: a client may begin with any of them."""
        newest = (self.copy.folder / METADATA / f"{ROOT}.json").read_bytes()
        version = Metadata[Root].from_bytes(newest).signed.version
        urls = [
            (self._locate(metadata_path(ROOT, each)), _LONGEST_ROOT) for each in range(1, version)
        ]
        with explaining_refusals(self.address, self.copy):
            return dict(enumerate([*self._fetcher.download_all(urls), newest], 1))

    def _list_targets(self) -> dict[str, TargetFile]:
        """Return what is signed about all files of the newest state, by their paths."""
        self.refresh()
        assert self._updater is not None  # noqa: S101 - refresh() made it
        with explaining_refusals(self.address, self.copy):
            delegations = self._read_metadata(TARGETS).delegations
            bins = delegations.succinct_roles if delegations else None
            waiting = set(bins.get_roles()) if bins else set()
            self._prefetch_bins(waiting)
            for number in count():
                if bins is None or not waiting:
                    break
                name = bins.get_role_for_target(str(number))
                if name in waiting:  # requesting any path of a bin verifies and caches the bin
                    self._updater.get_targetinfo(str(number))
                    waiting.remove(name)
            names = bins.get_roles() if bins else ()
            found = [self._read_metadata(name).targets for name in names]
            return {path: info for targets in found for path, info in sorted(targets.items())}

    def _prefetch_bins(self, names: Set[str]) -> None:
        """Fetch the bins of which the copy has no current version."""
        assert self._latest is not None  # noqa: S101 - refresh() made it
        file = self.copy.folder / METADATA / f"{SNAPSHOT}.json"
        listed = Metadata[Snapshot].from_file(str(file)).signed.meta
        current = {
            name: listed[f"{name}.json"].version for name in names if f"{name}.json" in listed
        }
        self._latest.prefetch(
            [
                metadata_path(name, version)
                for name, version in sorted(current.items())
                if self._find_version(name) != version
            ]
        )

    def _find_version(self, role: str) -> int | None:
        """Return the version of metadata in the copy; None if there are none that can be read."""
        try:
            return self._read_metadata(role).version
        except (StorageError, DeserializationError):
            return None

    def _read_metadata(self, role: str) -> Targets:
        """Return metadata that python-tuf has verified and cached."""
        file = self.copy.folder / METADATA / f"{role}.json"
        return Metadata[Targets].from_file(str(file)).signed

    def _find_kept(self, path: str, info: TargetFile) -> bytes | None:
        """Return a file from the copy, if it is what was signed."""
        kept = self.copy.read(path)
        is_current = kept and get_fingerprint(kept) == f"sha256:{info.hashes.get('sha256')}"
        return kept if is_current else None

    def _locate(self, path: str) -> str:
        return f"{self.address}{quote(path)}"

    def _locate_content(self, path: str, info: TargetFile) -> str:
        return self._locate(content_path(path, next(iter(info.hashes.values()))))

    def _refresh(self) -> Updater:
        folder = self.copy.folder / METADATA
        self._latest = LatestMetadata(self.address, self.copy.folder, self._fetcher)
        updater = Updater(
            str(folder),
            f"{self.address}{METADATA}/",
            fetcher=self._latest,
            bootstrap=self._find_root(),
        )
        updater.refresh()
        return updater

    def _find_root(self) -> bytes:
        """Return the trusted root; for a fingerprint, it comes from the cache or from the site's roots."""
        if isinstance(self._root, bytes):
            return self._root
        for data in self._list_roots():
            if get_fingerprint(data) == self._root:
                self.copy.write(metadata_path(ROOT), data)
                return data
        raise TrustError(
            f"the registry at {self.address} has no root with the fingerprint {self._root}",
            hint="Ask whoever runs it for its fingerprint; `kplug trust show SITE` prints it.",
        )

    def _list_roots(self) -> Iterator[bytes]:
        kept = self.copy.read(metadata_path(ROOT))
        if kept is not None:
            yield kept
        for version in range(1, _MOST_ROOTS + 1):
            url = self._locate(metadata_path(ROOT, version))
            try:
                yield self._fetcher.download_bytes(url, _LONGEST_ROOT)
            except DownloadHTTPError as error:
                if version > 1 and error.status_code in (403, 404):
                    return
                raise
