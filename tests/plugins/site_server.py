"""A web server for tests of kplug-registry, which counts and misbehaves as it is told."""

from __future__ import annotations

import gzip
import threading
import time
from email.utils import formatdate
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path

from kplug_registry.site_format import find_cache_control


class Server:
    """A web server of a folder; what it does to requests can be changed."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[tuple[str, int]] = []
        self.bytes_sent = 0
        self.failures = 0  # of the next requests
        self.act = ""
        self.says_how_long = False  # whether a file may be kept
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self, folder / self.path.lstrip("/"))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler, file: Path) -> None:
        data = file.read_bytes() if file.is_file() else None
        etag = f'"{sha256(data or b"").hexdigest()[:8]}"'
        status = 404 if data is None else 200
        if self.failures:
            self.failures, status = self.failures - 1, 503
        elif etag == handler.headers["If-None-Match"]:
            status = 304
        self.requests.append((handler.path, status))
        handler.send_response_only(status)
        handler.send_header("Date", formatdate(usegmt=True))
        handler.send_header("ETag", etag)
        handler.send_header("Content-Type", guess_type(file.name)[0] or "")
        if self.says_how_long:
            handler.send_header(
                "Cache-Control",
                "no-cache" if data is None else find_cache_control(handler.path.lstrip("/")),
            )
        if self.act == "gzip":
            handler.send_header("Content-Encoding", "gzip")
            data = gzip.compress(b"\0" * 10_000_000)
        handler.end_headers()
        if self.act == "stall":
            time.sleep(1)
        while self.act == "trickle" and not handler.wfile.closed:
            try:
                handler.wfile.write(b" ")
                time.sleep(0.02)
            except OSError:
                return
        if status == 200 and data is not None:
            handler.wfile.write(data)
            self.bytes_sent += len(data)

    def take_requests(self) -> list[tuple[str, int]]:
        found, self.requests = self.requests, []
        return found

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()
