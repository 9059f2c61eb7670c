"""Reads when the metadata of a site expires; clients refuse a site of which some has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError

from kplug_registry.errors import TrustError
from kplug_registry.trust.keys import ROOT, TIMESTAMP
from kplug_registry.trust.metadata_paths import LATEST, metadata_path, read_latest


def find_expired(read: Callable[[str], bytes | None]) -> str | None:
    """Return a clause about the metadata that expired first; None if all are valid, or there is no root.

    The bins are not read: they live as long as the list of files.

    Args:
        read: Returns the file at a path of the site, or None.

    Raises:
        TrustError: if metadata are missing or cannot be read.
    """
    if read(metadata_path(ROOT)) is None:
        return None
    role, expires = min(list_expiries(read), key=lambda pair: pair[1])
    if expires > datetime.now(timezone.utc):
        return None
    return f"the {role} has expired at {expires:%Y-%m-%dT%H:%M:%SZ}"


def list_expiries(read: Callable[[str], bytes | None]) -> list[tuple[str, datetime]]:
    """Return each role of the metadata that every look-up reads, with its expiry.

    Args:
        read: Returns the file at a path of the site, or None.

    Raises:
        TrustError: if metadata are missing or cannot be read.
    """
    try:
        files = [read(metadata_path(role)) or b"" for role in (ROOT, TIMESTAMP)]
        files += read_latest(read(LATEST) or b"")[1].values()
        found = [Metadata.from_bytes(data).signed for data in files]
    except (DeserializationError, ValueError) as error:
        raise TrustError(f"metadata of the site cannot be read: {error}") from error
    return [(signed.type, signed.expires) for signed in found]
