"""The web application: routes, security headers and the health check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kplug_registry.serving.audit_log import AuditLog
from kplug_registry.serving.authentication import PrivateSite
from kplug_registry.serving.changes import Changes
from kplug_registry.serving.database import Database
from kplug_registry.serving.health import find_health
from kplug_registry.serving.oidc import OidcVerifier
from kplug_registry.serving.openapi import DESCRIPTION
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.site_files import SiteFiles
from kplug_registry.serving.token_exchange import AUDIENCE, BURN, MINT, TokenExchange
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_limits import UploadLimits

_CHANGED = ("PUT", "DELETE")
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def make_application(
    site: ServedSite,
    database: Database,
    limits: UploadLimits | None = None,
    is_private: bool = False,
    verifier: OidcVerifier | None = None,
) -> Starlette:
    """Return the application that serves a site and accepts changes of it.

    Args:
        site: The served site, which is closed when the application ends.
        database: The database of its tokens and its log.
        limits: The limits of uploads.
        is_private: Whether the site is read with a token alone.
        verifier: Verifies tokens of identity providers; without it, none is accepted.
    """
    limits, tokens = limits or UploadLimits(), TokenStore(database)
    log = AuditLog(database)
    changes = Changes(site, tokens, log, limits)
    exchange = TokenExchange(site, tokens, log, verifier or OidcVerifier(()), limits.rate)

    async def check_health(_: Request) -> Response:
        found = await run_in_threadpool(find_health, site, database, limits)
        return JSONResponse(found._asdict(), 200 if found.is_served else 503)

    async def describe(_: Request) -> Response:
        return JSONResponse(DESCRIPTION)

    @asynccontextmanager
    async def close_site(_: Starlette) -> AsyncIterator[None]:
        yield
        site.close()

    return Starlette(
        routes=[
            Route("/health", check_health),
            Route("/openapi.json", describe),
            Route("/legacy/", changes.upload, methods=["POST"]),
            Route("/yanks/{distribution}/{version}", changes.yank, methods=_CHANGED),
            Route("/owners/{distribution}/{owner}", changes.change_owner, methods=_CHANGED),
            Route(
                "/publishers/{distribution}/{publisher}", changes.change_publisher, methods=_CHANGED
            ),
            Route(AUDIENCE, exchange.tell_audience),
            Route(MINT, exchange.mint, methods=["POST"]),
            Route(BURN, exchange.burn, methods=["POST"]),
            Mount("/", SiteFiles(site)),
        ],
        middleware=[
            Middleware(_SecurityHeaders),
            *([Middleware(PrivateSite, tokens)] if is_private else []),
        ],
        lifespan=close_site,
    )


class _SecurityHeaders:
    """Middleware that adds security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("cache-control", "no-cache")  # caches revalidate with the ETag
            await send(message)

        await self._app(scope, receive, send_with_headers)
