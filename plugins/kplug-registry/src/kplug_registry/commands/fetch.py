"""``kplug fetch``: copies the contents of registries to this machine."""

from __future__ import annotations

from collections.abc import Iterator

from kplug_registry.client.configured_registries import require_registries
from kplug_registry.client.registries import Registries
from kplug_registry.commands.output import print_lines
from kplug_registry.errors import UnreachableSiteError
from kplug_registry.trust.verified_site import VerifiedSite


def fetch() -> None:
    """Keep what all registries offer on this machine, for searches and messages without a network.

    The first time it makes a request for each file; afterwards for those that have changed.

    Example: kplug fetch
    """
    print_lines(_fetch_all(require_registries()))


def _fetch_all(registries: Registries) -> Iterator[str]:
    """Read every file of each signed site, and say how many there are.

    Raises:
        UnreachableSiteError: if a site does not answer.
    """
    failures: list[UnreachableSiteError] = []
    for registry in registries:
        site = registry.site
        if not isinstance(site, VerifiedSite):
            yield f"{registry.name}: it is not signed, so nothing says which files it has"
            continue
        try:
            number = site.fetch_all()
        except UnreachableSiteError as error:
            failures.append(error)
        else:
            yield f"{registry.name}: {number} files"
    for failure in failures:
        raise failure
