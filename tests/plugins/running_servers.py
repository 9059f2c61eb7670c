"""The server of `kplug serve` in a thread of this process: for tests of kplug-registry."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kplug_registry.serving.server import listen, make_server


@contextmanager
def serve_application(application: Any, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve an application, and give its address."""
    server = make_server(application, None, tls)
    scheme = "http" if tls is None else "https"
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()
