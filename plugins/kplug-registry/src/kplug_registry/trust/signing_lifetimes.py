"""Lifetimes of a site's metadata, counted from the time of signing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Days after which metadata expires.

    The timestamp's lifetime bounds a freeze attack, in which somebody between site and client hides updates.
    The timestamp pins the other metadata, which may live longer.

    Args:
        root: Of the root; sign a new one before.
        targets: Of the list of files and its bins.
        snapshot: Of the list of versions, signed by each publish.
        timestamp: Of the timestamp, signed by each publish and by ``kplug trust renew``.
    """

    root: float = 365
    targets: float = 3650
    snapshot: float = 365
    timestamp: float = 14

    def expiry(self, role: str) -> datetime:
        """Return when metadata of a role that is signed now expires."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        days: float = getattr(self, role)
        return now + days * _DAY


USUAL = Lifetimes()
