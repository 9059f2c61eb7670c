"""Exchanges OIDC tokens of trusted publishers for short-lived tokens and burns those, over PyPI's routes."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from tuf.api.exceptions import DownloadError

from kplug_registry.building import SiteView
from kplug_registry.building.pending_publishers import list_pending
from kplug_registry.building.trusted_publishers import (
    find_trusted,
    is_trusted,
    list_trusting,
)
from kplug_registry.errors import RegistryError
from kplug_registry.serving.audit_log import AuditLog, LogEntry
from kplug_registry.serving.oidc import LONGEST, OidcError, OidcVerifier
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_form import Body, UploadError
from kplug_registry.serving.upload_limits import RateLimit
from kplug_registry.site_format import current_time

# As twine and uv ask for them.
AUDIENCE, MINT, BURN = "/_/oidc/audience", "/_/oidc/mint-token", "/_/oidc/burn-token"
_MOST_BYTES = 2 * LONGEST


class TokenExchange:
    """The handler of the routes for trusted publishers.

    Args:
        site: The site, whose distributions say whom they trust.
        tokens: The tokens of the server.
        log: The audit log.
        verifier: Verifies tokens of the accepted identity providers.
        rate: Exchanges a minute, from one address.
    """

    def __init__(
        self,
        site: ServedSite,
        tokens: TokenStore,
        log: AuditLog,
        verifier: OidcVerifier,
        rate: int,
    ) -> None:
        self._site, self._tokens, self._log = site, tokens, log
        self._verifier, self._rate = verifier, RateLimit(rate)

    async def tell_audience(self, request: Request) -> Response:
        """Answer who tokens have to be for: the host that was asked."""
        return JSONResponse({"audience": request.headers.get("host", "")})

    async def mint(self, request: Request) -> Response:
        """Exchange a token."""
        return await self._answer(request, "mint token", self._exchange)

    async def burn(self, request: Request) -> Response:
        """Revoke a token that was exchanged; the answer does not say whether it was one."""
        return await self._answer(request, "burn token", self._burn)

    async def _answer(
        self, request: Request, action: str, work: Callable[[str, LogEntry], Response]
    ) -> Response:
        address = request.client.host if request.client else ""
        if wait := self._rate.count(f"{action} {address}"):
            return _refuse(429, "too-many-requests", f"Try again in {wait} s.", str(wait))
        entry = await run_in_threadpool(self._log.begin, address, action)
        try:
            response = await run_in_threadpool(work, await _receive(request), entry)
        except DownloadError as error:
            response, entry.answer = _refuse(503, "no-keys", str(error)), str(error)[:300]
        except ClientDisconnect:
            response, entry.answer = Response(status_code=400), "the request was cut off"
        except RegistryError as error:
            response, entry.answer = _refuse(422, "invalid-token", str(error)), error.message[:300]
        entry.status = response.status_code
        await run_in_threadpool(self._log.finish, entry)
        return response

    def _burn(self, text: str, entry: LogEntry) -> Response:
        entry.token = self._tokens.burn(text)
        entry.answer = "no token that was exchanged" if entry.token is None else "revoked"
        return JSONResponse({"message": "Accepted"}, 202)

    def _exchange(self, assertion: str, entry: LogEntry) -> Response:
        identity, ends = self._verifier.verify(assertion)
        view = SiteView(self._site.find_storage())
        names = [each.name for each in list_trusting(view) if find_trusted(each, identity)]
        names += {
            each.distribution
            for each in list_pending(view, current_time())
            if is_trusted(each.publisher, identity)
        }
        if not names:
            entry.subject = str(dict(list(identity.claims.items())[:10]))[:300]
            raise OidcError(
                f"no distribution trusts this workflow of {identity.issuer}, with a token for "
                f"{identity.audience[:200]!r}",
                hint="An owner adds it: kplug owner trust DISTRIBUTION NAME. Issuer, audience and each claim "
                "have to be equal.",
            )
        entry.subject, entry.answer = ", ".join(names)[:300], "exchanged"
        text = self._tokens.exchange(assertion, ends, identity, names)
        return JSONResponse({"success": True, "token": text})


async def _receive(request: Request) -> str:
    body, content = Body(request.receive, _MOST_BYTES), b""
    async for part in Request(request.scope, body.receive).stream():
        content += part
    try:
        token = json.loads(content)["token"]
    except (ValueError, RecursionError, TypeError, KeyError):
        token = None
    if not isinstance(token, str):
        raise UploadError(422, "the request has no token", 'Send {"token": "…"} as JSON.')
    return token


def _refuse(status: int, code: str, text: str, wait: str | None = None) -> Response:
    """Return a refusal as PyPI makes them."""
    errors = [{"code": code, "description": text}]
    headers = {} if wait is None else {"Retry-After": wait}
    return JSONResponse({"message": "Token request failed", "errors": errors}, status, headers)
