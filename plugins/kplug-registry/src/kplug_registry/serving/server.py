"""Runs the server process: opens its socket, and shuts it down gracefully."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from kplug_registry.errors import ServingError
from kplug_registry.serving.connections import MOST_CONNECTIONS, SiteConnection

_SECONDS_TO_FINISH = 30  # for requests, after SIGTERM


def run_server(
    application: ASGIApp,
    host: str,
    port: int,
    proxy: str | None,
    announce: Callable[[str], None],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish running requests.

    Args:
        application: The application.
        host: The address to listen at.
        port: The port; 0 for one that is free.
        proxy: The address of a trusted reverse proxy, whose forwarded addresses are believed.
        announce: Called with the address, once the socket is open.
        tls: The certificate for HTTPS; None for HTTP.

    Raises:
        ServingError: if the address is unavailable.
    """
    with listen(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        scheme = "http" if tls is None else "https"
        announce(f"{scheme}://{name}:{listener.getsockname()[1]}/")
        with suppress(KeyboardInterrupt):  # uvicorn has shut down already
            make_server(application, proxy, tls).run(sockets=[listener])


def make_server(
    application: ASGIApp, proxy: str | None, tls: ssl.SSLContext | None = None
) -> uvicorn.Server:
    """Return the server of an application.

    Args:
        application: The application.
        proxy: The address of a trusted reverse proxy.
        tls: The certificate for HTTPS.
    """
    config = uvicorn.Config(
        application,
        http=SiteConnection,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or "",
        limit_concurrency=MOST_CONNECTIONS,  # further ones get 503, if no connection waits for a request
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )
    config.load()
    config.ssl = tls
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ServingError: if the address is unavailable.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServingError(
            f"{host} port {port} cannot be listened at: {error.strerror or error}",
            hint="Give another: --host ADDRESS, --port NUMBER; port 0 takes one that is free.",
        ) from error
