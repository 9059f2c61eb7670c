"""Handles requests that change a site, from the request to the answer, and logs their outcome."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from kplug_registry.building import SiteView, find_distribution
from kplug_registry.building.pending_publishers import find_pending
from kplug_registry.building.trusted_publishers import find_trusted, make_workflow
from kplug_registry.errors import (
    BusySiteError,
    ExistingReleaseError,
    NotPermittedError,
    RegistryError,
    TrustError,
)
from kplug_registry.publishing import (
    add_owner,
    distrust_publisher,
    remove_owner,
    trust_pending_publisher,
    trust_publisher,
    yank,
)
from kplug_registry.serving.audit_log import AuditLog, LogEntry
from kplug_registry.serving.authentication import authenticate
from kplug_registry.serving.served_sites import ServedSite
from kplug_registry.serving.tokens import Token, TokenStore
from kplug_registry.serving.upload_form import Body, UploadError, receive_wheel, too_large
from kplug_registry.serving.upload_limits import RateLimit, UploadLimits
from kplug_registry.site_format import (
    DistributionFile,
    TrustedPublisher,
    Workflow,
    current_time,
)

_PAUSE = 30  # seconds for Retry-After of a busy site
_LONGEST_ANSWER = 300  # characters in the log
_LONGEST_REASON = 500  # characters
_LONGEST_PUBLISHER = 32 << 10  # bytes

_Result = TypeVar("_Result")
_Work = Callable[[Request, Body, LogEntry, Token], Awaitable[str]]


class Changes:
    """The handler of requests that change a site.

    Args:
        site: The site.
        tokens: The tokens that permit changes.
        log: The audit log.
        limits: The limits.
    """

    def __init__(
        self, site: ServedSite, tokens: TokenStore, log: AuditLog, limits: UploadLimits
    ) -> None:
        self._site, self._tokens, self._log, self._limits = site, tokens, log, limits
        self._rate = RateLimit(limits.rate)
        self._at_once = CapacityLimiter(20)  # others wait here without occupying a thread

    async def upload(self, request: Request) -> Response:
        """Publish the wheel of a form."""
        return await self._accept(request, "upload", None, self._upload)

    async def yank(self, request: Request) -> Response:
        """Withdraw a release, or take that back."""
        action = "yank" if request.method == "PUT" else "unyank"
        return await self._accept(request, action, _name_subject(request), self._yank)

    async def change_owner(self, request: Request) -> Response:
        """Add an owner, or remove one."""
        action = "add owner" if request.method == "PUT" else "remove owner"
        return await self._accept(request, action, _name_subject(request), self._change_owner)

    async def change_publisher(self, request: Request) -> Response:
        """Trust a publisher, or distrust one."""
        action = "trust publisher" if request.method == "PUT" else "distrust publisher"
        return await self._accept(request, action, _name_subject(request), self._change_publisher)

    async def _accept(
        self, request: Request, action: str, subject: str | None, work: _Work
    ) -> Response:
        """Answer and log a request; beyond its address's rate limit, it is refused unread and unlogged."""
        address = request.client.host if request.client else ""
        body = Body(request.receive, self._limits.size)
        try:
            self._check_rate(f"address {address}")
        except UploadError as error:
            return PlainTextResponse(str(error), error.status, error.headers)
        entry = await run_in_threadpool(self._log.begin, address, action, subject)
        try:
            response = await self._answer(request, body, entry, work)
        except ClientDisconnect:
            response = PlainTextResponse("the upload was cut off", 400)
        entry.status = response.status_code
        entry.answer = bytes(response.body).decode().partition("\n")[0][:_LONGEST_ANSWER]
        await run_in_threadpool(self._log.finish, entry)
        return response

    async def _answer(self, request: Request, body: Body, entry: LogEntry, work: _Work) -> Response:
        try:
            token = await run_in_threadpool(self._authenticate, request, entry.action)
            entry.token = token.name
            self._check_rate(f"token {token.name}")
            _check_size(request, self._limits.size)
            return PlainTextResponse(await work(request, body, entry, token))
        except UploadError as error:
            await body.discard()
            return PlainTextResponse(str(error), error.status, error.headers)

    async def _upload(self, request: Request, body: Body, entry: LogEntry, token: Token) -> str:
        async with receive_wheel(request, body, self._limits) as wheel:
            entry.subject, entry.sha256 = wheel.path.name, wheel.sha256

            def publish() -> str:
                name = _find_distribution(wheel.path.name)
                token.check("publish", name)
                return self._site.publish(wheel.path, *self._find_publisher(token, name))

            published = await self._run(publish)
        return f"{published} is published"

    def _find_publisher(self, token: Token, distribution: str) -> tuple[str, Workflow | None]:
        """Return in whose name a token publishes a distribution, and which workflow does it."""
        if token.identity is None:
            return token.owner, None
        view = SiteView(self._site.find_storage())
        file = find_distribution(view, distribution)
        trusted = find_trusted(file, token.identity) or find_pending(
            view, file.name, token.identity, current_time()
        )
        if trusted is None:
            raise NotPermittedError(
                f"{file.name} trusts the workflow of this token no longer",
                hint=f"An owner adds it: kplug owner trust {file.name} NAME --to SITE",
            )
        return trusted.owner, trusted.workflow

    async def _yank(self, request: Request, body: Body, entry: LogEntry, token: Token) -> str:
        name, version = request.path_params["distribution"], request.path_params["version"]
        reason = await _receive_reason(request, body) if entry.action == "yank" else None

        def change() -> None:
            token.check("yank", name)
            yank(self._site.find_storage(), name, version, reason, self._site.keys, token.owner)

        await self._run(change)
        return f"{name} {version} is {'offered again' if reason is None else 'yanked'}"

    async def _change_owner(
        self, request: Request, body: Body, entry: LogEntry, token: Token
    ) -> str:
        name, owner = request.path_params["distribution"], request.path_params["owner"]
        await body.discard()

        make = add_owner if entry.action == "add owner" else remove_owner

        def change() -> DistributionFile:
            token.check("own", name)
            site, keys = self._site.find_storage(), self._site.keys
            return make(site, name, owner, current_time(), keys, token.owner)

        return f"{name} belongs to {', '.join((await self._run(change)).owners)}"

    async def _change_publisher(
        self, request: Request, body: Body, entry: LogEntry, token: Token
    ) -> str:
        name, publisher = request.path_params["distribution"], request.path_params["publisher"]
        is_added = entry.action == "trust publisher"
        asked = await _receive_publisher(request, body) if is_added else None

        def change() -> str:
            token.check("own", name)
            site, date = self._site.find_storage(), current_time()
            rest = date, self._site.keys, token.owner
            if asked is None:
                return _say_trusted(distrust_publisher(site, name, publisher, *rest))
            workflow = make_workflow(asked["issuer"], asked["claims"])
            trusted = TrustedPublisher(publisher, token.owner, asked["audience"], workflow)
            if asked.get("pending") is not True:
                return _say_trusted(trust_publisher(site, name, trusted, *rest))
            added = trust_pending_publisher(site, name, trusted, date, token.owner)
            return f"{publisher} may be the first to publish {added.distribution} until {added.expires}"

        return await self._run(change)

    def _authenticate(self, request: Request, action: str) -> Token:
        if not self._tokens.list_all():
            raise UploadError(
                403,
                "this server takes no uploads, as it has no tokens",
                "Who runs it makes one with: kplug token add NAME",
            )
        what = "an upload" if action == "upload" else "a change"
        return authenticate(self._tokens, request.headers.get("authorization", ""), what)

    def _check_rate(self, sender: str) -> None:
        wait = self._rate.count(sender)
        if wait:
            raise UploadError(
                429,
                f"{self._limits.rate} uploads a minute are taken, and this is one more",
                f"Try again in {wait} s.",
                {"Retry-After": str(wait)},
            )

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        """Do what changes the site, which takes one change after another, and translate its errors."""
        try:
            return await to_thread.run_sync(work, limiter=self._at_once)
        except NotPermittedError as error:
            raise self._refuse(403, error) from error
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


def _say_trusted(file: DistributionFile) -> str:
    return (
        f"{file.name} trusts {', '.join(one.name for one in file.trusted_publishers) or 'nobody'}"
    )


def _name_subject(request: Request) -> str:
    return " ".join(request.path_params.values())[:_LONGEST_ANSWER]


def _find_distribution(filename: str) -> str:
    """Return the distribution that a wheel says to be of."""
    try:
        return parse_wheel_filename(filename)[0]
    except InvalidWheelFilename:
        return filename  # which reading refuses


async def _receive_reason(request: Request, body: Body) -> str:
    """Return the text of a request, in one line."""
    content = b""
    async for part in Request(request.scope, body.receive).stream():
        content += part
        if len(content) > 4 * _LONGEST_REASON:
            break
    reason = " ".join(content.decode("utf-8", "replace").split())
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise UploadError(
            400,
            f"the reason has {len(reason)} characters, or some that cannot be shown",
            f"Send why, as text of 1 to {_LONGEST_REASON} characters.",
        )
    return reason


async def _receive_publisher(request: Request, body: Body) -> dict[str, Any]:
    """Return issuer, audience and claims of a request."""
    content = b""
    async for part in Request(request.scope, body.receive).stream():
        content += part
        if len(content) > _LONGEST_PUBLISHER:
            break
    try:
        asked = json.loads(content)
        texts = [asked["issuer"], asked["audience"], *asked["claims"].values()]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        texts = [None]
    if not all(isinstance(text, str) for text in texts):
        raise UploadError(
            400,
            "the request does not say whom to trust",
            'Send {"issuer": "https://…", "audience": "…", "claims": {"repository": "…"}} as JSON.',
        )
    return dict(asked)


def _check_size(request: Request, most: int) -> None:
    """Refuse a request that declares too large a size; undeclared sizes are counted on arrival."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large(most)
