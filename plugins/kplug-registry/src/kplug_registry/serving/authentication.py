"""Finds the token of a request, and lets a private site be read with one alone."""

from __future__ import annotations

import base64
import binascii

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kplug_registry.errors import NotPermittedError
from kplug_registry.serving.tokens import Token, TokenStore
from kplug_registry.serving.upload_form import UploadError

_USER = "__token__"
_PUBLIC = ("/health", "/_/oidc/audience")  # which says nothing about the site
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="kplug"'}


def authenticate(tokens: TokenStore, authorization: str, what: str) -> Token:
    """Return the valid token of a request.

    Args:
        tokens: The tokens of the server.
        authorization: The header of that name.
        what: What the request is, as the subject of a sentence.

    Raises:
        UploadError: if it has none.
    """
    text = _find_text(authorization)
    token = None if text is None else tokens.find(text)
    if token is not None and not token.is_expired:
        return token
    if token is not None:
        reason = f"the token {token.name!r} has expired at {token.expires}"
    elif text is None:
        reason = f"{what} needs a token"
    else:
        reason = "the token is none of this server's, or was revoked"
    raise UploadError(
        401,
        reason,
        f"Give it as the password of the user {_USER}: TWINE_PASSWORD, UV_PUBLISH_TOKEN",
        _CHALLENGE,
    )


class PrivateSite:
    """Middleware that answers readers with a token alone, and lets no shared cache keep an answer for others.

    Args:
        app: The application.
        tokens: The tokens of the server.
    """

    def __init__(self, app: ASGIApp, tokens: TokenStore) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if is_read and scope["path"] not in _PUBLIC:
            header = Headers(scope=scope).get("authorization", "")
            try:
                await run_in_threadpool(self._check, header)
            except UploadError as error:
                answer = PlainTextResponse(str(error), error.status, error.headers)
                await answer(scope, receive, send)
                return

        async def send_privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                known = headers.get("cache-control", "no-cache")
                headers["cache-control"] = known.replace("public", "private")
            await send(message)

        await self._app(scope, receive, send_privately)

    def _check(self, authorization: str) -> None:
        try:
            authenticate(self._tokens, authorization, "reading").check("read")
        except NotPermittedError as error:
            # Clients take 403 for a file that is not there, as S3 answers it.
            raise UploadError(401, error.message, error.hint or "", _CHALLENGE) from error


def _find_text(header: str) -> str | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if user == _USER else None
