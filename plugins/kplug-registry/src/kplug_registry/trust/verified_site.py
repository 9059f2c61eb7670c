"""`VerifiedSite`: a site of which only files signed by its root's keys are accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from urllib.parse import quote

from tuf.api.exceptions import (
    DownloadHTTPError,
    DownloadLengthMismatchError,
    LengthOrHashMismatchError,
)
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import Updater, UpdaterConfig

from kplug_registry.errors import TrustError
from kplug_registry.site_format import current_time
from kplug_registry.trust.fetching import SiteFetcher
from kplug_registry.trust.keys import ROOT, TARGETS
from kplug_registry.trust.latest_metadata import LatestMetadata
from kplug_registry.trust.metadata_paths import FORMAT_FIELD, METADATA, metadata_path
from kplug_registry.trust.roots import get_fingerprint
from kplug_registry.trust.signing import write_file
from kplug_registry.trust.site_copy import SiteCopy
from kplug_registry.trust.tuf_refusals import explaining_refusals

_MOST_ROOTS, _LONGEST_ROOT = 64, 512_000
_PAUSES = (0.5, 1.0)  # between attempts, while a publish is under way


class VerifiedSite:
    """A signed site.

    Args:
        address: Its URL: ``https:``, ``http:`` or ``file:``.
        folder: The folder of its copy.
        root: The trusted root: the content of a file, or a fingerprint ``sha256:…``.
        fetcher: Fetches files.
        pauses: Seconds between attempts to read a file that differs from what was signed.
    """

    is_signed = True

    def __init__(
        self,
        address: str,
        folder: Path,
        root: bytes | str,
        fetcher: SiteFetcher | None = None,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self.address = address.rstrip("/") + "/"
        self.copy = SiteCopy(folder)
        self._seen = folder / "verified"
        self._root, self._fetcher, self._pauses = root, fetcher or SiteFetcher(), pauses
        self._updater: Updater | None = None

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
        with explaining_refusals(self.address, self.copy.folder):
            self._updater = self._refresh()
            write_file(self._seen, current_time().encode())

    def fetch(self, path: str) -> bytes | None:
        """Return a file of the newest state, or None if it has none of that path.

        Raises:
            TrustError: if it is not what was signed.
            UnreachableSiteError: if the site does not answer.
        """
        for pause in (*self._pauses, None):
            try:
                return self._fetch(path)
            except TrustError as error:
                is_changing = isinstance(
                    error.__cause__, (LengthOrHashMismatchError, DownloadLengthMismatchError)
                )
                if pause is None or not is_changing:
                    raise
                time.sleep(pause)
                self._updater = None
        raise AssertionError

    def find_format(self) -> object:
        """Return the format of the site, as it is signed; None if nothing says it.

        Raises:
            TrustError: if the site is not what was signed.
            UnreachableSiteError: if it does not answer.
        """
        if self._updater is None:
            self.refresh()
        return self._read_metadata(TARGETS).unrecognized_fields.get(FORMAT_FIELD)

    def list_paths(self) -> list[str]:
        """Return the paths of all files of the newest state.

        Raises:
            TrustError: if a bin is not what was signed.
            UnreachableSiteError: if the site does not answer.
        """
        self.refresh()
        assert self._updater is not None  # noqa: S101 - refresh() made it
        with explaining_refusals(self.address, self.copy.folder):
            delegations = self._read_metadata(TARGETS).delegations
            bins = delegations.succinct_roles if delegations else None
            waiting = set(bins.get_roles()) if bins else set()
            for number in count():
                if bins is None or not waiting:
                    break
                name = bins.get_role_for_target(str(number))
                if name in waiting:  # requesting any path of a bin verifies and caches the bin
                    self._updater.get_targetinfo(str(number))
                    waiting.remove(name)
            names = bins.get_roles() if bins else ()
            return sorted(path for name in names for path in self._read_metadata(name).targets)

    def _read_metadata(self, role: str) -> Targets:
        """Return metadata that python-tuf has verified and cached."""
        file = self.copy.folder / METADATA / f"{role}.json"
        return Metadata[Targets].from_file(str(file)).signed

    def _fetch(self, path: str) -> bytes | None:
        if self._updater is None:
            self.refresh()
        assert self._updater is not None  # noqa: S101 - refresh() made it
        with explaining_refusals(self.address, self.copy.folder):
            info = self._updater.get_targetinfo(path)
            if info is None:
                self.copy.remove(path)
                return None
            kept = self.copy.read(path)
            if kept is not None and get_fingerprint(kept) == f"sha256:{info.hashes.get('sha256')}":
                return kept
            data = self._fetcher.download_bytes(self._locate(path), info.length)
            info.verify_length_and_hashes(data)
            self.copy.write(path, data)
            return data

    def _locate(self, path: str) -> str:
        return f"{self.address}{quote(path)}"

    def _refresh(self) -> Updater:
        folder = self.copy.folder / METADATA
        updater = Updater(
            str(folder),
            f"{self.address}{METADATA}/",
            fetcher=LatestMetadata(self.address, self.copy.folder, self._fetcher),
            config=UpdaterConfig(prefix_targets_with_hash=False),
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
