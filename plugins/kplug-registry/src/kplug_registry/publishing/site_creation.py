"""Creates a site from wheels, in a folder or an object store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from kplug_registry.building import build_site
from kplug_registry.building.owners import OPERATOR
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.transactions import sort_paths
from kplug_registry.storage import Folder, SiteStorage
from kplug_registry.wheels import WheelContents

_BATCH = 500  # files for each request
_HEAD = "registry.json"  # its presence makes files a site


def create_site(
    wheels: Iterable[WheelContents],
    site: SiteStorage,
    published: str,
    publisher: str = OPERATOR,
    libraries: Iterable[str] = (),
) -> int:
    """Write a site with wheels where none is, and return how many wheels it has.

    Args:
        wheels: The contents of the wheels, consumed one by one.
        site: The storage for the site.
        published: The time, as in `kplug_registry.site_format.Release`.
        publisher: Who owns all of them.
        libraries: Distributions that need no components.

    Raises:
        PublishingError: if there is a site, or two wheels conflict; no site is left behind.
    """
    if isinstance(site, Folder):
        return build_site(wheels, site.path, published, publisher, libraries)
    if site.read(_HEAD) is not None:
        raise PublishingError(
            f"{site} is not empty", hint=f"`kplug publish WHEEL --to {site}` adds to a site."
        )
    with site.take_turn(timeout=60) as turn, tempfile.TemporaryDirectory() as folder:
        built = Folder(Path(folder) / "site")
        count = build_site(wheels, built.path, published, publisher, libraries)
        paths = [path for path in sort_paths(built.list("")) if path != _HEAD]
        batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
        for batch in [*batches, [_HEAD]]:
            turn.check()
            site.write({path: (built.path / path).read_bytes() for path in batch})
    return count
