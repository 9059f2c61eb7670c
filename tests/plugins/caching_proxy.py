"""A caching server in front of a web server, for tests: it keeps for a day what nothing is said about."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_DAY = 86400.0


@dataclass
class _Kept:
    status: int
    etag: str
    content: bytes
    until: float


class CachingProxy:
    """A cache as RFC 9111 describes it, of status 200 and 404.

    Args:
        origin: The address of the server behind it.
        obeys_requests: Whether it asks the server again when a client says ``no-cache``, as some do not.
    """

    def __init__(self, origin: str, *, obeys_requests: bool = True) -> None:
        self._origin, self._obeys_requests = origin.rstrip("/"), obeys_requests
        self._kept: dict[str, _Kept] = {}
        self.asked: list[tuple[str, int]] = []  # of the origin, with its statuses
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer from the cache, or from the server behind it."""
        kept = self._kept.get(handler.path)
        is_asked_anew = self._obeys_requests and "no-cache" in handler.headers.get(
            "Cache-Control", ""
        )
        if kept is None or is_asked_anew or time.time() > kept.until:
            kept = self._kept[handler.path] = self._ask(handler.path, kept)
        is_known = kept.status == 200 and handler.headers["If-None-Match"] == kept.etag
        handler.send_response(304 if is_known else kept.status)
        handler.send_header("ETag", kept.etag)
        handler.end_headers()
        if not is_known:
            handler.wfile.write(kept.content)

    def _ask(self, path: str, kept: _Kept | None) -> _Kept:
        headers = {"If-None-Match": kept.etag} if kept and kept.status == 200 else {}
        request = urllib.request.Request(f"{self._origin}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, found, content = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, found, content = error.code, error.headers, error.read()
        self.asked.append((path, status))
        until = time.time() + _read_lifetime(found)
        if status == 304 and kept is not None:
            return _Kept(kept.status, kept.etag, kept.content, until)
        return _Kept(status, found.get("ETag", ""), content, until)

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def _read_lifetime(headers: HTTPMessage) -> float:
    text = headers.get("Cache-Control", "")
    seconds = re.search(r"max-age=(\d+)", text)
    return -1 if "no-" in text else float(seconds[1]) if seconds else _DAY
