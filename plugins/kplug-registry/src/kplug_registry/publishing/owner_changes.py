"""Gives a distribution another owner, or takes one away."""

from __future__ import annotations

from collections.abc import Callable

from packaging.utils import canonicalize_name

from kplug_registry.building import SiteView, find_distribution
from kplug_registry.building.owners import OPERATOR, change_owner
from kplug_registry.building.pending_publishers import (
    add_pending,
    list_pending as find_all_pending,
    remove_pending,
)
from kplug_registry.building.trusted_publishers import add_publisher, remove_publisher
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import (
    DistributionFile,
    OwnerChange,
    PendingPublisher,
    TrustedPublisher,
    distribution_path,
)
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys


def add_owner(
    site: SiteStorage,
    name: str,
    owner: str,
    date: str,
    keys: SigningKeys | None = None,
    by: str = OPERATOR,
) -> DistributionFile:
    """Add an owner to a distribution, and return its file.

    Args:
        site: The storage of the site.
        name: The distribution.
        owner: The new owner.
        date: The time, as in `kplug_registry.site_format.Release`.
        keys: The keys that sign the change, if the site is signed.
        by: Who adds the owner.

    Raises:
        NotPermittedError: if whoever does it is no owner.
        PublishingError: if there is no such distribution, or the owner is there already.
    """
    change = OwnerChange(owner, True, by, date)
    return _change(site, name, lambda _, file: change_owner(file, change), keys)


def remove_owner(
    site: SiteStorage,
    name: str,
    owner: str,
    date: str,
    keys: SigningKeys | None = None,
    by: str = OPERATOR,
) -> DistributionFile:
    """Take an owner from a distribution, and return its file; see `add_owner`.

    Raises:
        PublishingError: also for the last owner.
    """
    change = OwnerChange(owner, False, by, date)
    return _change(site, name, lambda _, file: change_owner(file, change), keys)


def trust_publisher(
    site: SiteStorage,
    name: str,
    publisher: TrustedPublisher,
    date: str,
    keys: SigningKeys | None = None,
    by: str = OPERATOR,
) -> DistributionFile:
    """Let a workflow publish a distribution, and return the distribution's file; see `add_owner`.

    Raises:
        PublishingError: also if one of that name is there, or its owner is none of the distribution.
    """
    return _change(site, name, lambda v, file: add_publisher(v, file, publisher, by, date), keys)


def distrust_publisher(
    site: SiteStorage,
    name: str,
    publisher: str,
    date: str,
    keys: SigningKeys | None = None,
    by: str = OPERATOR,
) -> DistributionFile:
    """Let a workflow publish a distribution no longer, or not be the first; see `trust_publisher`."""
    if not list_pending(site, name, date):
        return _change(
            site, name, lambda v, file: remove_publisher(v, file, publisher, by, date), keys
        )
    with changing(site) as view:
        found = find_distribution(view, name)
        remove_pending(view, found.name, publisher, None if by == OPERATOR else by, date)
    return found


def trust_pending_publisher(
    site: SiteStorage, name: str, publisher: TrustedPublisher, date: str, by: str = OPERATOR
) -> PendingPublisher:
    """Let a workflow be the first to publish a name, within 30 days.

    Args:
        site: The storage of the site.
        name: The name, which no distribution has.
        publisher: The workflow; its owner will own the distribution.
        date: The time, as in `kplug_registry.site_format.Release`.
        by: Who does it: that owner, or whoever runs the registry.

    Raises:
        NotPermittedError: if it is neither, or the name is held.
        PublishingError: if there is such a distribution, or a name can be none.
    """
    with changing(site) as view:
        return add_pending(view, canonicalize_name(name), publisher, by, date)


def list_pending(site: SiteStorage, name: str, date: str) -> list[PendingPublisher]:
    """Return the workflows that may be the first to publish a name."""
    return find_all_pending(SiteView(site), date, canonicalize_name(name))


def list_owners(site: SiteStorage, name: str) -> DistributionFile:
    """Return the file of a distribution, which has its owners.

    Raises:
        PublishingError: if there is no such distribution.
    """
    return _find(SiteView(site), name)


def _change(
    site: SiteStorage,
    name: str,
    change: Callable[[SiteView, DistributionFile], DistributionFile],
    keys: SigningKeys | None,
) -> DistributionFile:
    with changing(site, keys) as view:
        after = change(view, _find(view, name))
        view.write_noun(distribution_path(after.name), after)
    return after


def _find(view: SiteView, name: str) -> DistributionFile:
    found = find_distribution(view, name)
    if not found.releases:
        raise PublishingError(
            f"there is no {found.name} in {view.storage}",
            hint="Whoever publishes a distribution first owns it.",
        )
    return found
