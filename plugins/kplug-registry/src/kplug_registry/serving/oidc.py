"""Verifies OIDC tokens, by the keys that their identity providers publish."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey
from tuf.api.exceptions import DownloadError

from kplug_registry.building.trusted_publishers import WORKFLOW_FILE, OidcIdentity
from kplug_registry.errors import ServingError
from kplug_registry.trust.fetching import SiteFetcher, take

ALGORITHMS = ("RS256", "ES256")  # asymmetric: a public key never verifies as a shared secret
LEEWAY = 60  # seconds between the clocks
LONGEST = 16 << 10  # characters of a token
_MOST_BYTES = 128 << 10  # of a provider's answer
_MOST_KEYS = 100
_KEPT = 3600  # seconds that keys are used
_LAST = 1e11  # seconds: beyond, no calendar has a date
_PAUSE = 60  # seconds before an unknown key makes a provider be asked again
# By the claim that names a file and its commit: those that are the commit.
_COMMITS = {"workflow_ref": ("ref",), "ci_config_ref_uri": ("ref_path", "sha")}


class OidcError(ServingError):
    """An OIDC token that is refused."""


@dataclass(frozen=True)
class _Keys:
    by_id: Mapping[str, Mapping[str, Any]]
    fetched: float


class OidcVerifier:
    """Verifies tokens of the identity providers that whoever runs the server accepts.

    Args:
        issuers: The providers' addresses; no other one is ever asked.
        clock: Returns the time in seconds.
    """

    def __init__(self, issuers: Iterable[str], clock: Callable[[], float] = time.time) -> None:
        self.issuers = tuple(issuers)
        self._clock = clock
        self._fetcher = SiteFetcher(timeout=5, longest=10, retries=1, follows_redirects=False)
        self._keys: dict[str, _Keys] = {}
        self._asking = threading.Lock()

    def verify(self, token: str) -> tuple[OidcIdentity, float]:
        """Return what a token says, and when it ends.

        Raises:
            OidcError: if it is malformed, of another issuer, forged, expired or not valid yet.
            DownloadError: if the provider does not answer.
        """
        if len(token) > LONGEST:
            raise OidcError(f"an OIDC token has {LONGEST} characters at most")
        try:
            unverified = jws.extract_compact(token.encode())
            header, claims = unverified.headers(), json.loads(unverified.payload)
        except (JoseError, ValueError, RecursionError) as error:
            raise OidcError("it is no OIDC token in compact form", hint=_USE) from error
        if not isinstance(claims, dict):
            raise OidcError("the token has no claims", hint=_USE)
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or issuer not in self.issuers:
            raise OidcError(
                f"the token was issued by {str(issuer)[:200]!r}, which this server does not accept",
                hint=f"It accepts {', '.join(self.issuers) or 'none'}: kplug serve --oidc-issuer URL",
            )
        self._check_signature(token, header, issuer)
        end = self._check_times(claims)
        return _describe(issuer, claims), end

    def _check_signature(self, token: str, header: Mapping[str, Any], issuer: str) -> None:
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(key_id, str):
            raise OidcError(
                f"the token is signed by {str(algorithm)[:40]!r} with the key {str(key_id)[:80]!r}",
                hint=f"Taken are {', '.join(ALGORITHMS)}, with the identifier of a key.",
            )
        data = self._find_key(issuer, key_id)
        if data is None or data.get("alg", algorithm) != algorithm:
            raise OidcError(f"{issuer} has no key {key_id[:80]!r} for {algorithm}", hint=_USE)
        try:
            key = JWKRegistry.import_key(dict(data))
            if not isinstance(key, (RSAKey, ECKey)):
                raise OidcError(f"the key {key_id[:80]!r} is of another type", hint=_USE)
            jws.deserialize_compact(token.encode(), key, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError) as error:
            raise OidcError(
                f"the token is not signed by the key {key_id[:80]!r} of {issuer}", hint=_USE
            ) from error

    def _find_key(self, issuer: str, key_id: str) -> Mapping[str, Any] | None:
        """Return a key; for one that is unknown, its provider is asked again, but seldom."""
        with self._asking:
            now = self._clock()
            known = self._keys.get(issuer)
            pause = _PAUSE if known is not None and key_id not in known.by_id else _KEPT
            if known is None or not 0 <= now - known.fetched < pause:
                known = self._keys[issuer] = _Keys(self._fetch_keys(issuer), now)
            return known.by_id.get(key_id)

    def _fetch_keys(self, issuer: str) -> dict[str, Mapping[str, Any]]:
        place = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        about = self._fetch(place)
        address = about.get("jwks_uri")
        if about.get("issuer") != issuer or not isinstance(address, str):
            raise DownloadError(f"{place} is about {str(about.get('issuer'))[:200]!r}")
        if urlsplit(address).scheme != "https" and _origin(address) != _origin(issuer):
            raise DownloadError(f"{address[:200]} is no place for the keys of {issuer}")
        listed = self._fetch(address).get("keys")
        keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
        if not keys or len(keys) > _MOST_KEYS:
            raise DownloadError(f"{address[:200]} has {len(keys)} keys")
        signing = (key for key in keys if key.get("use", "sig") == "sig")
        return {key["kid"]: key for key in signing if isinstance(key.get("kid"), str)}

    def _fetch(self, url: str) -> dict[str, Any]:
        status, _, chunks = self._fetcher.request(url)
        if status != 200:
            raise DownloadError(f"{url[:200]} answers with status {status}")
        try:
            data = json.loads(take(url, chunks, _MOST_BYTES))
        except (ValueError, RecursionError) as error:
            raise DownloadError(f"{url[:200]} is no JSON") from error
        if not isinstance(data, dict):
            raise DownloadError(f"{url[:200]} is no object")
        return data

    def _check_times(self, claims: Mapping[str, Any]) -> float:
        now = self._clock()
        times: dict[str, Any] = {
            name: claims[name] for name in ("exp", "iat", "nbf") if name in claims
        }
        wrong = [name for name, value in times.items() if not _is_time(value)]
        if wrong or not {"exp", "iat"} <= times.keys():
            raise OidcError("the token does not say when it was issued and when it ends", hint=_USE)
        if times["exp"] <= now - LEEWAY:
            raise OidcError(
                f"the token has expired at {_write(times['exp'])}, and here it is {_write(now)}",
                hint=f"Ask for a new one. If this server's clock is wrong, correct it. {_CLOCKS}",
            )
        begin = max(times["iat"], times.get("nbf", 0))
        if begin > now + LEEWAY:
            raise OidcError(
                f"the token begins at {_write(begin)}, and here it is {_write(now)}",
                hint=f"The clock of this server or of the identity provider is wrong. {_CLOCKS}",
            )
        return float(times["exp"])


_USE = "Get one of the identity provider for this registry, and send it as it is."
_CLOCKS = f"They may differ by {LEEWAY} s."


def _describe(issuer: str, claims: Mapping[str, Any]) -> OidcIdentity:
    audience = claims.get("aud")
    only = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    if not isinstance(only, str):
        raise OidcError("the token is not for one audience", hint=_USE)
    texts = {name: value for name, value in claims.items() if isinstance(value, str)}
    texts.pop(WORKFLOW_FILE, None)
    for name, commits in _COMMITS.items():
        for commit in commits:
            file = texts.get(name, "").removesuffix(f"@{texts.get(commit)}")
            if file != texts.get(name, ""):
                texts[WORKFLOW_FILE] = file
    return OidcIdentity(issuer, only, texts)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _is_time(value: object) -> bool:
    is_truth = isinstance(value, bool)
    return isinstance(value, (int, float)) and not is_truth and 0 <= value < _LAST


def _write(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
