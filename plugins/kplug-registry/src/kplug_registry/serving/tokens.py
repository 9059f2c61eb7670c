"""Tokens of a server. Only hashes are stored: whoever reads the database cannot upload."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from packaging.utils import canonicalize_name

from kplug_registry.building.owners import OPERATOR, check_owner_name
from kplug_registry.building.trusted_publishers import OidcIdentity
from kplug_registry.errors import NotPermittedError, PublishingError, ServingError
from kplug_registry.serving.database import Database
from kplug_registry.site_format import current_time, is_distribution_name

PERMISSIONS = ("publish", "yank", "own", "read")
_VERBS = {"own": "change the owners of"}
_PREFIX = "kplug-"  # recognisable for people and secret scanners
_BYTES = 32  # of randomness: enough to need no slow hash
_DAY = 86400
_EXCHANGED = 900  # seconds that a token of `TokenStore.exchange` lasts


@dataclass(frozen=True, slots=True)
class Token:
    """A stored token.

    Args:
        name: Its name.
        created: When, in UTC.
        owner: In whose name it acts: an owner of distributions.
        permissions: What it is for: some of `PERMISSIONS`.
        distributions: The only ones that it may change; empty for all that the owner has, and new ones.
        expires: When it ends, in UTC; None if it does not.
        identity: Of a token that was exchanged for one of an identity provider, what that said; the
            distributions' trusted publishers say as whom it acts.
    """

    name: str
    created: str
    owner: str
    permissions: tuple[str, ...]
    distributions: tuple[str, ...]
    expires: str | None
    identity: OidcIdentity | None = None

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= current_time()

    def check(self, permission: str, distribution: str = "") -> None:
        """Check that it is for something.

        Args:
            permission: One of `PERMISSIONS`.
            distribution: The distribution that changes.

        Raises:
            NotPermittedError: with what it is for.
        """
        is_other = self.distributions and canonicalize_name(distribution) not in self.distributions
        if permission in self.permissions and not (distribution and is_other):
            return
        kept = f" of {', '.join(self.distributions)}" if self.distributions else ""
        raise NotPermittedError(
            f"the token {self.name!r} may not {_VERBS.get(permission, permission)} "
            f"{distribution or 'this site'}",
            hint=f"It may {', '.join(self.permissions)}{kept}. Who runs the registry makes others with: "
            "kplug token add NAME",
        )


class TokenStore:
    """The tokens of a server.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        name: str,
        owner: str | None = None,
        permissions: Iterable[str] = PERMISSIONS,
        distributions: Iterable[str] = (),
        days: float | None = None,
    ) -> str:
        """Create a token, and return its text, which is not stored.

        Args:
            name: Its name.
            owner: In whose name it acts; its own by default.
            permissions: What it is for.
            distributions: The only ones that it may change.
            days: When it ends.

        Raises:
            ServingError: if a name is invalid, or the token's is taken.
        """
        if not name.strip() or not name.isprintable():
            raise ServingError(f"{name!r} cannot be the name of a token", hint="Write letters.")
        acts_as = _check_owner(name if owner is None else owner)
        wanted, only = _check_scope(permissions, distributions)
        text = _PREFIX + secrets.token_urlsafe(_BYTES)
        facts = (name, _hash(text), current_time(), acts_as, wanted, only, _find_end(days))
        with self._database.open() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", facts
            )
        if not added.rowcount:
            raise ServingError(
                f"there is a token {name!r} already, and its text is not stored",
                hint=f"Take another name, or first: kplug token revoke {name}",
            )
        return text

    def exchange(
        self, assertion: str, ends: float, identity: OidcIdentity, distributions: Iterable[str]
    ) -> str:
        """Create a token that publishes for some minutes, and return its text.

        Args:
            assertion: The verified token of the identity provider, which is exchanged once.
            ends: When that ends, in seconds.
            identity: What it says.
            distributions: The distributions that trust it.

        Raises:
            ServingError: if it was exchanged before.
        """
        text = _PREFIX + secrets.token_urlsafe(_BYTES)
        signed = _hash(assertion.rpartition(".")[0])  # some signatures can be written in two ways
        name = f"workflow:{signed[:16]}"
        only = " ".join(sorted(distributions))
        now, end = current_time(), _find_end(_EXCHANGED / _DAY)
        kept = max(ends, datetime.now(timezone.utc).timestamp()) + _DAY
        with self._database.open() as connection:
            connection.execute(
                "DELETE FROM tokens WHERE identity IS NOT NULL AND expires <= ?", (now,)
            )
            connection.execute(
                "DELETE FROM exchanged WHERE ends <= ?", (datetime.now(timezone.utc).timestamp(),)
            )
            added = connection.execute(
                "INSERT OR IGNORE INTO exchanged VALUES (?, ?)", (signed, kept)
            )
            if added.rowcount:
                facts = (name, _hash(text), now, "", "publish", only, end)
                connection.execute(
                    "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (*facts, json.dumps(asdict(identity))),
                )
        if not added.rowcount:
            raise ServingError(
                "this OIDC token was exchanged before",
                hint="Ask the identity provider for a new one.",
            )
        return text

    def revoke(self, name: str) -> None:
        """Revoke a token at once.

        Raises:
            ServingError: if there is no such token.
        """
        with self._database.open() as connection:
            removed = connection.execute("DELETE FROM tokens WHERE name = ?", (name,))
        if not removed.rowcount:
            known = ", ".join(token.name for token in self.list_all())
            raise ServingError(
                f"there is no token {name!r}",
                hint=f"There are: {known or 'none'}. `kplug token add NAME` makes one.",
            )

    def burn(self, text: str) -> str | None:
        """Revoke a token of `exchange` by its text, and return its name; None if there is no such token."""
        token = self.find(text)
        if token is None or token.identity is None:
            return None
        with self._database.open() as connection:
            connection.execute("DELETE FROM tokens WHERE name = ?", (token.name,))
        return token.name

    def list_all(self) -> list[Token]:
        """Return all tokens by name, also those that have expired."""
        return [token for token, _ in self._read()]

    def find(self, text: str) -> Token | None:
        """Return a token by its text, or None, in constant time."""
        digest, found = _hash(text), None
        for token, stored in self._read():
            if hmac.compare_digest(stored, digest):
                found = token
        return found

    def _read(self) -> list[tuple[Token, str]]:
        """Return the tokens by name, each with the hash of its text."""
        with self._database.open() as connection:
            rows = connection.execute("SELECT * FROM tokens ORDER BY name").fetchall()
        return [(_make_token(**row), row["sha256"]) for row in rows]


def _make_token(
    *,
    name: str,
    sha256: str,
    created: str,
    owner: str,
    permissions: str,
    distributions: str,
    expires: str | None,
    identity: str | None,
) -> Token:
    del sha256
    only, said = tuple(distributions.split()), None
    if identity is not None:
        said = OidcIdentity(**json.loads(identity))
    return Token(name, created, owner, tuple(permissions.split()), only, expires, said)


def _check_owner(owner: str) -> str:
    try:
        check_owner_name(owner)
    except PublishingError as error:
        raise ServingError(error.message, hint=f"{error.hint} Give one: --owner NAME") from error
    if owner == OPERATOR:
        raise ServingError(
            f"no token acts as {OPERATOR!r}, who changes all owners",
            hint="Add the owner of the token where the operator's own are: kplug owner add NAME OWNER",
        )
    return owner


def _check_scope(permissions: Iterable[str], distributions: Iterable[str]) -> tuple[str, str]:
    """Return what a token is for, as it is stored."""
    wanted, only = set(permissions), [canonicalize_name(name) for name in distributions]
    unknown = sorted(wanted - set(PERMISSIONS))
    if unknown or not wanted:
        raise ServingError(
            f"a token cannot be for {', '.join(unknown)[:80] or 'nothing'}",
            hint=f"It may {', '.join(PERMISSIONS)}.",
        )
    for name in only:
        if not is_distribution_name(name):
            raise ServingError(
                f"{name[:80]!r} is no name of a distribution", hint="Give one, such as kplug-waves."
            )
    return " ".join(one for one in PERMISSIONS if one in wanted), " ".join(sorted(set(only)))


def _find_end(days: float | None) -> str | None:
    if days is None:
        return None
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
