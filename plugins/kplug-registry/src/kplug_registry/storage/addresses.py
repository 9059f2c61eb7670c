"""Opens the storage at an address: a folder or an object store."""

from __future__ import annotations

import re
from pathlib import Path

from kplug_registry.errors import PublishingError
from kplug_registry.storage.folder import Folder
from kplug_registry.storage.object_store import ObjectStore
from kplug_registry.storage.site_storage import SiteStorage

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def open_storage(address: str) -> SiteStorage:
    """Return the storage at an address: a folder, or a URL that fsspec knows, such as ``s3://bucket/site``.

    Raises:
        PublishingError: for an address that cannot be written to, or if its library is not installed.
    """
    found = _SCHEME.match(address)
    if found is None:
        return Folder(Path(address))
    scheme = found[1].lower()
    if scheme in ("http", "https", "file"):
        raise PublishingError(
            f"{address} is no place to write to",
            hint="Give the folder of the site, or its address in a store, as s3://bucket/site.",
        )
    try:
        import fsspec  # an extra, not needed for folders

        system, root = fsspec.url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        raise PublishingError(
            f"{address} is in a store that nothing installed can write to: {error}",
            hint="pip install 'kplug-registry[storage]'",
        ) from error
    except ValueError as error:
        raise PublishingError(f"{address} is of no store that fsspec knows: {error}") from error
    return ObjectStore(system, root, address)
