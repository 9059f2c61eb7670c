"""Upload tokens. Only hashes are stored: whoever reads the database cannot upload."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from kplug_registry.errors import ServingError
from kplug_registry.serving.database import Database
from kplug_registry.site_format import current_time

_PREFIX = "kplug-"  # recognisable for people and secret scanners
_BYTES = 32  # of randomness: enough to need no slow hash


@dataclass(frozen=True, slots=True)
class Token:
    """A stored token: its name and its creation time."""

    name: str
    created: str


class TokenStore:
    """The tokens of a server.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str) -> str:
        """Create a token, and return its text, which is not stored.

        Raises:
            ServingError: if the name is empty or taken.
        """
        if not name.strip() or not name.isprintable():
            raise ServingError(f"{name!r} cannot be the name of a token", hint="Write letters.")
        text = _PREFIX + secrets.token_urlsafe(_BYTES)
        with self._database.open() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO tokens VALUES (?, ?, ?)", (name, _hash(text), current_time())
            )
        if not added.rowcount:
            raise ServingError(
                f"there is a token {name!r} already, and its text is not stored",
                hint=f"Take another name, or first: kplug token revoke {name}",
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

    def list_all(self) -> list[Token]:
        """Return all tokens by name."""
        with self._database.open() as connection:
            rows = connection.execute("SELECT name, created FROM tokens ORDER BY name")
            return [Token(**row) for row in rows]

    def find_name(self, text: str) -> str | None:
        """Return the name of a token by its text, or None, in constant time."""
        digest, found = _hash(text), None
        with self._database.open() as connection:
            for row in connection.execute("SELECT name, sha256 FROM tokens"):
                if hmac.compare_digest(row["sha256"], digest):
                    found = row["name"]
        return found


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
