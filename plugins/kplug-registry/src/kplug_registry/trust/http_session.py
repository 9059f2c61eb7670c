"""Makes HTTP sessions: proxies, certificates and passwords as the environment and ``.netrc`` have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_netrc_auth

if TYPE_CHECKING:
    from typing_extensions import Self

_RETRIED = (429, 500, 502, 503, 504)


class HttpSession(requests.Session):
    """Keeps connections, and sends passwords over HTTPS alone.

    Args:
        retries: The number of retries, with growing pauses.
        connections: How many connections to a server are kept.
    """

    def __init__(self, retries: int, connections: int) -> None:
        super().__init__()
        self.headers["Accept-Encoding"] = "gzip"
        self.auth = _add_password
        self.hooks["response"].append(_drop_redirect_body)
        retry = _Retry(
            total=retries, backoff_factor=0.3, status_forcelist=_RETRIED, raise_on_status=False
        )
        adapter = _Adapter(pool_maxsize=connections, max_retries=retry)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def rebuild_auth(
        self,
        prepared_request: requests.PreparedRequest,
        response: requests.Response,  # noqa: ARG002 - what requests calls it with
    ) -> None:
        """Give a redirected request the password of its own server, if it has one."""
        prepared_request.headers.pop("Authorization", None)
        _add_password(prepared_request)


class _Adapter(HTTPAdapter):
    """Trusts the certificates of this machine, where the environment names no others."""

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        if verify is not True:
            super().cert_verify(conn, url, verify, cert)


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
        if error is not None and is_timeout(error):
            raise error
        return super().increment(method, url, response, error, *rest, **further)


def is_timeout(error: object) -> bool:
    """Whether nothing came in time; urllib3 counts refused connections as timeouts, too."""
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    is_late = isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError))
    return is_late and not is_refused


def explain(error: Exception) -> object:
    """Return the innermost reason of an error of requests or urllib3."""
    cause = error.args[0] if isinstance(error, requests.RequestException) and error.args else error
    reason = getattr(cause, "reason", cause)
    is_refused = isinstance(reason, urllib3.exceptions.NewConnectionError)
    return (reason.__cause__ or reason) if is_refused else reason


def _add_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    url = request.url or ""
    login = get_netrc_auth(url) if urlsplit(url).scheme == "https" else None
    if login:
        request.prepare_auth(login)
    return request


def _drop_redirect_body(response: requests.Response, **_: Any) -> None:
    """Close an answer that redirects, which may have an endless body."""
    if response.is_redirect:
        response.raw.close()
