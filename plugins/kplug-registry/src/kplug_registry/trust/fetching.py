"""Fetches files of a site, from a folder or over HTTP, with retries and time limits."""

from __future__ import annotations

import netrc
import time
import urllib.request
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import urllib3
from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)
from tuf.ngclient import FetcherInterface
from typing_extensions import Self

_CHUNK = 1 << 16
_MOST_REQUESTS = 8  # at once
_PAUSE = 60  # seconds in which a silent server is not asked again
_RETRIED = (429, 500, 502, 503, 504)


class BoundedFetcher(FetcherInterface):
    """Fetches small files into memory."""

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a file of at most that many bytes."""
        return take(url, self.fetch(url), max_length)


class _Retry(urllib3.Retry):
    """Repeats requests that fail, but not those that nobody answers in time."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: urllib3.BaseHTTPResponse | None = None,
        error: Exception | None = None,
        *rest: Any,
        **further: Any,
    ) -> Self:
        if error is not None and _is_timeout(error):
            raise error
        return super().increment(method, url, response, error, *rest, **further)


class SiteFetcher(BoundedFetcher):
    """Fetches files by their address: ``https:``, ``http:`` or ``file:``.

    Args:
        timeout: Seconds for a connection, and between two pieces of an answer.
        longest: Seconds for one whole file. A server that exceeds either is not asked again for a minute.
        retries: The number of retries, with growing pauses.
    """

    def __init__(self, timeout: float = 10, longest: float = 300, retries: int = 3) -> None:
        self._timeout, self._longest = timeout, longest
        self._silent: dict[str, float] = {}  # until when a server is not asked
        self._retry = _Retry(
            total=retries, backoff_factor=0.3, status_forcelist=_RETRIED, raise_on_status=False
        )
        self._pools: dict[str, urllib3.PoolManager] = {}

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
            raise DownloadHTTPError(f"{url} answers with status {status}", status)
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
        try:
            response = self._find_pool(url).request(
                "GET",
                url,
                headers=_make_headers(url, etag),
                preload_content=False,
                timeout=urllib3.Timeout(self._timeout),
                retries=self._retry,
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._translate(url, error) from error
        if response.status >= 300:
            response.close()
        return response.status, response.headers.get("ETag"), self._read(url, response)

    def _read(self, url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        end = time.monotonic() + self._longest
        try:
            while chunk := response.read1(
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
        reason = getattr(error, "reason", error)
        if _is_timeout(error) or _is_timeout(reason):
            self._silent[urlsplit(url).netloc] = time.monotonic() + _PAUSE
            return SlowRetrievalError(f"{url} does not answer in time")
        if isinstance(reason, urllib3.exceptions.NewConnectionError):
            reason = reason.__cause__ or reason
        return DownloadError(f"{url} does not answer: {reason}")

    def _find_pool(self, url: str) -> urllib3.PoolManager:
        """Return the connection pool for a server, through the environment's proxy if any."""
        parts = urlsplit(url)
        proxy = urllib.request.getproxies().get(parts.scheme, "")
        if urllib.request.proxy_bypass(parts.hostname or ""):
            proxy = ""
        if proxy not in self._pools:
            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=_MOST_REQUESTS)
                if proxy
                else urllib3.PoolManager(maxsize=_MOST_REQUESTS)
            )
        return self._pools[proxy]


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


def _make_headers(url: str, etag: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "gzip"}
    if etag:
        headers["If-None-Match"] = etag
    parts = urlsplit(url)
    try:
        login = netrc.netrc().authenticators(parts.hostname or "")
    except (OSError, netrc.NetrcParseError):
        login = None
    if login and parts.scheme == "https":
        headers |= urllib3.util.make_headers(basic_auth=f"{login[0]}:{login[2]}")
    return headers


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


def _is_timeout(error: Exception) -> bool:
    """Whether nothing came in time; urllib3 counts refused connections as timeouts, too."""
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    return isinstance(error, urllib3.exceptions.TimeoutError) and not is_refused
