"""Fetches files of a site, from a folder or over HTTP, with retries and time limits."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import urllib3
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)
from tuf.ngclient import FetcherInterface

from kplug_registry.site_format import is_immutable

if TYPE_CHECKING:
    import requests

    from kplug_registry.trust.http_session import HttpSession

_CHUNK = 1 << 16
_ROOT = ".root.json"  # whose next version may have been absent a moment ago
_MOST_REQUESTS = 8  # at once
_ASKS_FOR_ONE = (
    ": it needs a token that may read, as the password of the user __token__ in .netrc, over HTTPS"
)
_PAUSE = 60  # seconds in which a silent server is not asked again


class BoundedFetcher(FetcherInterface):
    """Fetches small files into memory."""

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a file of at most that many bytes."""
        return take(url, self.fetch(url), max_length)


class SiteFetcher(BoundedFetcher):
    """Fetches files by their address: ``https:``, ``http:`` or ``file:``.

    Args:
        timeout: Seconds for a connection, and between two pieces of an answer.
        longest: Seconds for one whole file. A server that exceeds either is not asked again for a minute.
        retries: The number of retries, with growing pauses.
        follows_redirects: Whether a server may send requests to another address.
    """

    def __init__(
        self,
        timeout: float = 10,
        longest: float = 300,
        retries: int = 3,
        *,
        follows_redirects: bool = True,
    ) -> None:
        self._timeout, self._longest = timeout, longest
        self._silent: dict[str, float] = {}  # until when a server is not asked
        self._retries, self._follows_redirects = retries, follows_redirects

    def download_all(self, urls: Iterable[tuple[str, int]]) -> Iterator[bytes]:
        """Yield files in their order, several of which are requested at once.

        Args:
            urls: The URL of each, and how many bytes it has at most.

        Raises:
            DownloadError: One of them cannot be fetched; no further ones are requested.
        """
        with ThreadPoolExecutor(_MOST_REQUESTS) as pool:
            yield from pool.map(lambda each: self.download_bytes(*each), urls)

    def _fetch(self, url: str) -> Iterator[bytes]:
        if urlsplit(url).scheme == "file":
            return _read_file(path_of_url(url), url)
        status, _, chunks = self.request(url)
        if status >= 400:
            reason = _ASKS_FOR_ONE if status == 401 else ""
            raise DownloadHTTPError(f"{url} answers with status {status}{reason}", status)
        return chunks

    def request(self, url: str, etag: str | None = None) -> tuple[int, str | None, Iterator[bytes]]:
        """Request a URL.

        Args:
            url: The HTTP URL.
            etag: The ETag of the known content; the status is 304 if it is unchanged.

        Returns:
            The status, the ETag and the content.

        Raises:
            SlowRetrievalError: There is no answer in time.
            DownloadError: There is no answer.
        """
        server = urlsplit(url).netloc
        if time.monotonic() < self._silent.get(server, 0):
            raise SlowRetrievalError(f"{url} is not asked for: {server} did not answer in time")
        headers = {"If-None-Match": etag} if etag else {}
        if not is_immutable(url) or url.endswith(_ROOT):
            headers["Cache-Control"] = "no-cache"  # caches ask whether theirs is the newest
        try:
            response = self._session.get(
                url,
                headers=headers,
                stream=True,
                timeout=self._timeout,
                allow_redirects=self._follows_redirects,
            )
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise self._translate(url, error) from error
        if response.status_code >= 300:
            response.close()
        return response.status_code, response.headers.get("ETag"), self._read(url, response)

    @cached_property
    def _session(self) -> HttpSession:
        from kplug_registry.trust.http_session import HttpSession  # requests: for HTTP alone

        return HttpSession(self._retries, _MOST_REQUESTS)

    def _read(self, url: str, response: requests.Response) -> Iterator[bytes]:
        end = time.monotonic() + self._longest
        try:
            while chunk := response.raw.read1(
                _CHUNK, decode_content=True
            ):  # limits apply to decompressed bytes
                yield chunk
                if time.monotonic() > end:
                    raise SlowRetrievalError(f"{url} took more than {self._longest:g} s")
        except urllib3.exceptions.HTTPError as error:
            raise self._translate(url, error) from error
        finally:
            response.close()

    def _translate(self, url: str, error: Exception) -> DownloadError:
        from kplug_registry.trust.http_session import explain, is_timeout

        reason = explain(error)
        if is_timeout(error) or is_timeout(reason):
            self._silent[urlsplit(url).netloc] = time.monotonic() + _PAUSE
            return SlowRetrievalError(f"{url} does not answer in time")
        return DownloadError(f"{url} does not answer: {reason}")


def take(url: str, chunks: Iterator[bytes], limit: int) -> bytes:
    """Join the chunks of a file, and always end the request.

    Raises:
        DownloadLengthMismatchError: There is more than the limit.
    """
    data = bytearray()
    try:
        for chunk in chunks:
            data += chunk
            if len(data) > limit:
                raise DownloadLengthMismatchError(f"{url} has more than {limit} bytes")
    finally:
        if isinstance(chunks, Generator):
            chunks.close()
    return bytes(data)


def path_of_url(url: str) -> Path:
    """Return the path of a ``file:`` address."""
    return Path(urllib.request.url2pathname(urlsplit(url).path))


def _read_file(file: Path, url: str) -> Iterator[bytes]:
    try:
        stream = file.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise DownloadHTTPError(f"{url} does not exist", 404) from None
    return _read_chunks(stream)


def _read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk
