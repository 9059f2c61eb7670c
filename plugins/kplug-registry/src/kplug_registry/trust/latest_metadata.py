"""Fetches the metadata of every look-up in one request; TUF verifies all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadHTTPError

from kplug_registry.trust.fetching import BoundedFetcher, SiteFetcher, take
from kplug_registry.trust.metadata_paths import LATEST, METADATA, read_latest
from kplug_registry.trust.signing import write_file

_MOST_BYTES = 4 << 20


class LatestMetadata(BoundedFetcher):
    """Serves the files in ``metadata/latest.json``, and fetches the others.

    Args:
        address: The URL of the site, with a trailing slash.
        folder: The folder that caches the file, for conditional requests.
        fetcher: Fetches files.
    """

    def __init__(self, address: str, folder: Path, fetcher: SiteFetcher) -> None:
        self._address, self._fetcher = address, fetcher
        self._kept, self._kept_etag = folder / "latest.json", folder / "latest.etag"
        self._root_version: int | None = None
        self._files: dict[str, bytes] | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = url.removeprefix(self._address)
        if self._files is None:
            self._load()
        if self._files and path in self._files:
            return iter([self._files[path]])
        if self._root_version is not None and _is_newer_root(path, self._root_version):
            raise DownloadHTTPError(f"{url} is newer than the newest root", 404)
        return self._fetcher.fetch(url)

    def prefetch(self, paths: Sequence[str]) -> None:
        """Fetch files that are going to be asked for, several at once."""
        urls = ((f"{self._address}{path}", _MOST_BYTES) for path in paths)
        self._files = {
            **(self._files or {}),
            **dict(zip(paths, self._fetcher.download_all(urls), strict=True)),
        }

    def _load(self) -> None:
        self._files = {}
        data = self._fetch_latest()
        with suppress(ValueError):  # an invalid file: fetch the files themselves
            self._root_version, self._files = read_latest(data)

    def _fetch_latest(self) -> bytes:
        url = f"{self._address}{LATEST}"
        if urlsplit(url).scheme == "file":
            try:
                return self._fetcher.download_bytes(url, _MOST_BYTES)
            except DownloadHTTPError:  # python-tuf would attribute a 404 to the requested file
                return b""
        status, etag, chunks = self._fetcher.request(url, self._read_etag())
        if status == 304:
            return self._kept.read_bytes()
        if status >= 300:
            return b""
        data = take(url, chunks, _MOST_BYTES)
        self._kept_etag.unlink(missing_ok=True)
        write_file(self._kept, data)
        if etag:
            write_file(self._kept_etag, etag.encode("latin-1", "replace"))
        return data

    def _read_etag(self) -> str | None:
        try:
            return self._kept_etag.read_text("latin-1") if self._kept.exists() else None
        except OSError:
            return None


def _is_newer_root(path: str, version: int) -> bool:
    number, _, rest = path.removeprefix(f"{METADATA}/").partition(".")
    return rest == "root.json" and number.isdecimal() and int(number) > version
