"""Handles an upload, from the request to the answer, and logs its outcome."""

from __future__ import annotations

import base64
import binascii

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from kplug_registry.errors import (
    BusySiteError,
    ExistingReleaseError,
    RegistryError,
    TrustError,
)
from kplug_registry.serving.audit_log import AuditLog, UploadEntry
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.tokens import TokenStore
from kplug_registry.serving.upload_form import (
    Body,
    ReceivedWheel,
    UploadError,
    receive_wheel,
    too_large,
)
from kplug_registry.serving.upload_limits import RateLimit, UploadLimits

_USER = "__token__"
_PAUSE = 30  # seconds for Retry-After of a busy site
_LONGEST_ANSWER = 300  # characters in the log


class Uploads:
    """The handler of uploads.

    Args:
        site: The site to publish to.
        tokens: The tokens that permit uploads.
        log: The audit log.
        limits: The limits.
    """

    def __init__(
        self, site: ServedSite, tokens: TokenStore, log: AuditLog, limits: UploadLimits
    ) -> None:
        self._site, self._tokens, self._log, self._limits = site, tokens, log, limits
        self._rate = RateLimit(limits.rate)
        self._one_at_a_time = CapacityLimiter(1)  # others wait here without occupying a thread

    async def accept(self, request: Request) -> Response:
        """Answer and log an upload; beyond its address's rate limit, it is refused unread and unlogged."""
        address = request.client.host if request.client else ""
        body = Body(request.receive, self._limits.size)
        try:
            self._check_rate(f"address {address}")
        except UploadError as error:
            return PlainTextResponse(str(error), error.status, error.headers)
        entry = await run_in_threadpool(self._log.begin, address)
        try:
            response = await self._answer(request, body, entry)
        except ClientDisconnect:
            response = PlainTextResponse("the upload was cut off", 400)
        entry.status = response.status_code
        entry.answer = bytes(response.body).decode().partition("\n")[0][:_LONGEST_ANSWER]
        await run_in_threadpool(self._log.finish, entry)
        return response

    async def _answer(self, request: Request, body: Body, entry: UploadEntry) -> Response:
        try:
            entry.token = await run_in_threadpool(self._authenticate, request)
            self._check_rate(f"token {entry.token}")
            _check_size(request, self._limits.size)
            async with receive_wheel(request, body, self._limits) as wheel:
                entry.filename, entry.sha256 = wheel.path.name, wheel.sha256
                published = await to_thread.run_sync(
                    self._publish, wheel, limiter=self._one_at_a_time
                )
        except UploadError as error:
            await body.discard()
            return PlainTextResponse(str(error), error.status, error.headers)
        return PlainTextResponse(f"{published} is published")

    def _authenticate(self, request: Request) -> str:
        """Return the name of a request's token."""
        if not self._tokens.list_all():
            raise UploadError(
                403,
                "this server takes no uploads, as it has no tokens",
                "Who runs it makes one with: kplug token add NAME",
            )
        text = _find_token(request.headers.get("authorization", ""))
        name = None if text is None else self._tokens.find_name(text)
        if name is None:
            raise UploadError(
                401,
                "an upload needs a token"
                if text is None
                else "the token is none of this server's, or was revoked",
                f"Give it as the password of the user {_USER}: TWINE_PASSWORD, UV_PUBLISH_TOKEN",
                {"WWW-Authenticate": 'Basic realm="kplug"'},
            )
        return name

    def _check_rate(self, sender: str) -> None:
        wait = self._rate.count(sender)
        if wait:
            raise UploadError(
                429,
                f"{self._limits.rate} uploads a minute are taken, and this is one more",
                f"Try again in {wait} s.",
                {"Retry-After": str(wait)},
            )

    def _publish(self, wheel: ReceivedWheel) -> str:
        try:
            return self._site.publish(wheel.path)
        except ExistingReleaseError as error:
            raise self._refuse(409, error) from error
        except BusySiteError as error:
            raise self._refuse(503, error, {"Retry-After": str(_PAUSE)}) from error
        except TrustError as error:
            raise self._refuse(503, error) from error
        except RegistryError as error:
            raise self._refuse(400, error) from error

    def _refuse(
        self, status: int, error: RegistryError, headers: dict[str, str] | None = None
    ) -> UploadError:
        """Return the refusal, without the site's path on this machine."""
        folder = str(self._site.find_folder())
        message, hint = (
            text.replace(folder, "the registry") for text in (error.message, error.hint or "")
        )
        return UploadError(status, message, hint, headers)


def _find_token(header: str) -> str | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == _USER else None


def _check_size(request: Request, most: int) -> None:
    """Refuse a request that declares too large a size; undeclared sizes are counted on arrival."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large(most)
