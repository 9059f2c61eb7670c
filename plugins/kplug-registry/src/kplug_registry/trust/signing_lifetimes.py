"""Lifetimes of a site's metadata, counted from the time of signing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tuf.api.metadata import Signed

DAYS = {"root": 365.0, "targets": 3650.0, "snapshot": 365.0, "timestamp": 14.0}
LIFETIME_FIELD = "kplug_lifetime"  # of metadata: its seconds, which the next of its role gets too
LONGEST = 3650  # days
_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Days after which metadata expires; None for as long as the last of the role, or else for `DAYS`.

    The timestamp's lifetime bounds a freeze attack, in which somebody between site and client hides updates.
    The timestamp pins the other metadata, which may live longer.

    Args:
        root: Of the root; sign a new one before.
        targets: Of the list of files and its bins.
        snapshot: Of the list of versions, signed by each publish.
        timestamp: Of the timestamp, signed by each publish and by ``kplug trust renew``.
    """

    root: float | None = None
    targets: float | None = None
    snapshot: float | None = None
    timestamp: float | None = None

    def set_expiry(self, signed: Signed, previous: Signed | None) -> None:
        """Let metadata that is signed now expire.

        Args:
            signed: The metadata.
            previous: The last of its role.
        """
        days: float | None = getattr(self, signed.type)
        kept = _read_seconds(previous) if days is None else None
        seconds = kept or round((DAYS[signed.type] if days is None else days) * _DAY)
        now = datetime.now(timezone.utc).replace(microsecond=0)
        signed.expires = now + timedelta(seconds=seconds)
        signed.unrecognized_fields[LIFETIME_FIELD] = seconds


def _read_seconds(signed: Signed | None) -> int | None:
    """Return the lifetime that metadata was signed for; None if it says none that can be kept."""
    found = None if signed is None else signed.unrecognized_fields.get(LIFETIME_FIELD)
    return found if type(found) is int and 0 < found <= LONGEST * _DAY else None


USUAL = Lifetimes()
