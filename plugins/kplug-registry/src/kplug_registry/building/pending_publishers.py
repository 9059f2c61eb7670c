"""Pending publishers: workflows that may be the first to publish a name, for some time."""

from __future__ import annotations

from datetime import timedelta

from kplug_registry.building.held_names import hold_names
from kplug_registry.building.owners import check_owner_name
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.trusted_publishers import (
    OidcIdentity,
    add_publisher,
    check_publisher,
    is_trusted,
)
from kplug_registry.errors import PublishingError
from kplug_registry.site_format import (
    DistributionFile,
    PendingList,
    PendingPublisher,
    TrustedPublisher,
    distribution_path,
    format_time,
    is_distribution_name,
    parse_time,
)

PENDING = "names/pending.json"
_KEPT = timedelta(days=30)
_MOST = 20  # of one owner


def list_pending(view: SiteView, date: str, name: str | None = None) -> list[PendingPublisher]:
    """Return the pending publishers whose time is not over, of one name or of all."""
    found = view.find(PendingList, PENDING) or PendingList(())
    return [
        each
        for each in found.publishers
        if date < each.expires and name in (None, each.distribution)
    ]


def add_pending(
    view: SiteView, name: str, publisher: TrustedPublisher, by: str, date: str
) -> PendingPublisher:
    """Let a workflow be the first to publish a name, for 30 days.

    Args:
        view: The site.
        name: The normalised name.
        publisher: The workflow, and in whose name it publishes.
        by: Who adds it.
        date: The time.

    Raises:
        NotPermittedError: if the name is held, or whoever adds it acts as another.
        PublishingError: if nobody can have the name, somebody has it, or the owner's others wait.
    """
    if not is_distribution_name(name):
        raise PublishingError(
            f"{name[:80]!r} is no name of a distribution", hint="Give one, such as kplug-waves."
        )
    check_owner_name(publisher.owner)
    check_publisher(publisher, by)
    if view.find(DistributionFile, distribution_path(name)) is not None:
        raise PublishingError(
            f"{name} has been published, and a pending publisher is of a new name",
            hint=f"An owner trusts a workflow without --pending: kplug owner trust {name} NAME",
        )
    hold_names(view, [name], publisher.owner)
    known = list_pending(view, date)
    own = [each for each in known if each.publisher.owner == publisher.owner]
    is_there = any(
        (each.distribution, each.publisher.name) == (name, publisher.name) for each in own
    )
    if is_there or len(own) >= _MOST:
        waiting = ", ".join(f"{each.publisher.name} of {each.distribution}" for each in own)
        raise PublishingError(
            f"{waiting} may publish first as {publisher.owner} already, {_MOST} at most",
            hint=f"Take another name, or first: kplug owner distrust {name} {publisher.name} --to SITE",
        )
    added = PendingPublisher(name, format_time(parse_time(date) + _KEPT), publisher)
    _write(view, [*known, added])
    return added


def remove_pending(view: SiteView, name: str, publisher: str, by: str | None, date: str) -> None:
    """Take back what `add_pending` did.

    Args:
        view: The site.
        name: The normalised name.
        publisher: The name of the publisher.
        by: The owner who does it; None for whoever runs the registry.
        date: The time.

    Raises:
        PublishingError: if there is none of that name.
    """
    known = list_pending(view, date)
    kept = [
        each
        for each in known
        if (each.distribution, each.publisher.name) != (name, publisher)
        or by not in (None, each.publisher.owner)
    ]
    if kept == known:
        raise PublishingError(
            f"there is no {name} in {view.storage}, and no publisher {publisher[:80]!r} waits for it",
            hint="Whoever publishes a distribution first owns it.",
        )
    _write(view, kept)


def find_pending(
    view: SiteView, name: str, identity: OidcIdentity, date: str
) -> TrustedPublisher | None:
    """Return the pending publisher of a name that a token is of."""
    found = (each.publisher for each in list_pending(view, date, name))
    return next((each for each in found if is_trusted(each, identity)), None)


def settle_pending(
    view: SiteView, file: DistributionFile, owner: str, date: str
) -> DistributionFile:
    """Return a new distribution that trusts its owner's pending publishers; those of others are void."""
    waiting = list_pending(view, date, file.name)
    if waiting:
        _write(view, [each for each in list_pending(view, date) if each not in waiting])
    for each in waiting:
        if each.publisher.owner == owner:
            file = add_publisher(view, file, each.publisher, owner, date)
    return file


def _write(view: SiteView, publishers: list[PendingPublisher]) -> None:
    ordered = sorted(
        publishers, key=lambda one: (one.distribution, one.publisher.owner, one.publisher.name)
    )
    view.write_noun(PENDING, PendingList(tuple(ordered)))
