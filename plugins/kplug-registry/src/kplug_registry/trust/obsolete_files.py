"""Keeps files of older signed states for clients that read them, and removes them later."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from kplug_registry.storage import WORKPLACE
from kplug_registry.trust.metadata_paths import split_content_path

if TYPE_CHECKING:
    from kplug_registry.storage import SiteStorage
    from kplug_registry.trust.site_signer import Signing

KEPT = 2 * 86400  # seconds, as caches commonly keep for a day what nothing is said about
_PAUSE = 86400  # seconds from which on there are enough files to remove
_NOTES = f"{WORKPLACE}/obsolete"


def keep_obsolete(site: SiteStorage, signing: Signing) -> dict[str, bytes | None]:
    """Return the changes that note the obsolete files of a signing, and remove those noted long ago.

    Args:
        site: The storage of the site.
        signing: The signing, which may not be written yet.

    Returns:
        By path, the content, or None for what is removed.
    """
    now = int(time.time())
    noted = {int(path.rpartition("/")[2].removesuffix(".json")): path for path in site.list(_NOTES)}
    obsolete = [*_read(site, noted.get(now)), *signing.obsolete]
    changes: dict[str, bytes | None] = {}
    if obsolete:
        changes[f"{_NOTES}/{now}.json"] = json.dumps(obsolete).encode()
    if min(noted, default=now) > now - KEPT - _PAUSE:
        return changes
    old = [path for at, path in noted.items() if at <= now - KEPT]
    newer = [path for at, path in noted.items() if at > now - KEPT]
    needed = {*obsolete, *signing.copies, *(each for path in newer for each in _read(site, path))}
    removed = {each for path in old for each in _read(site, path)} - needed
    changes.update(dict.fromkeys(path for path in sorted(removed) if not _is_current(site, path)))
    return changes | dict.fromkeys(old)


def _read(site: SiteStorage, path: str | None) -> list[str]:
    return list(json.loads((path and site.read(path)) or b"[]"))


def _is_current(site: SiteStorage, path: str) -> bool:
    """Whether a file has the content that it had before, so that its old name is in use again."""
    current, digest = split_content_path(path)
    return bool(digest) and site.find_hash(current) == digest
