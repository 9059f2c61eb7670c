"""Recalls releases, and attaches advisories to them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kplug_registry.building import change_release, find_distribution
from kplug_registry.building.catalogue import write_distribution_pages
from kplug_registry.building.notices import change_notices
from kplug_registry.building.releases import find_release
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import NoticeEntry
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys

_LONGEST_REASON = 500


def recall(
    site: SiteStorage,
    name: str,
    version: str,
    reason: str | None,
    since: str,
    keys: SigningKeys | None = None,
) -> None:
    """Recall a release: it is yanked, and clients neither install nor load it.

    Args:
        site: The storage of the site.
        name: The distribution.
        version: The version.
        reason: Why; None takes the recall back, and the withdrawal with it.
        since: The time, as in `kplug_registry.site_format.NoticeEntry`.
        keys: The keys that sign the change, if the site is signed.

    Raises:
        PublishingError: if the site does not have the release, it is not recalled, or the reason is too long.
    """
    with changing(site, keys) as view:
        found = find_distribution(view, name)
        notice = NoticeEntry(found.name, f"=={version}", _check_reason(reason), since)
        yanked = None if reason is None else f"recalled: {notice.reason}"
        change_release(view, found.name, version, lambda release: replace(release, yanked=yanked))
        change_notices(view, "recalls", notice, is_undone=reason is None)


def advise(
    site: SiteStorage,
    name: str,
    versions: str,
    reason: str | None,
    since: str,
    keys: SigningKeys | None = None,
) -> None:
    """Attach an advisory to versions of a distribution, which may load all the same; see `recall`.

    Args:
        site: The storage of the site.
        name: The distribution.
        versions: The versions, as a requirement has them.
        reason: What is to be known; None takes the advisory back.
        since: The time.
        keys: The keys that sign the change, if the site is signed.

    Raises:
        PublishingError: if the site does not have the distribution, or there is no such advisory.
    """
    try:
        limits = SpecifierSet(versions)
        limits.contains("0")  # some invalid versions fail only on comparison
    except (InvalidSpecifier, ValueError):
        limits = SpecifierSet()
    if not limits:
        raise PublishingError(
            f"{versions[:80]!r} says no versions", hint='Give some, as in "kplug-waves<1.3".'
        )
    with changing(site, keys) as view:
        found = find_distribution(view, name)
        if not found.releases:
            raise PublishingError(f"there is no {found.name} in {site}")
        notice = NoticeEntry(found.name, str(limits), _check_reason(reason), since)
        change_notices(view, "advisories", notice, is_undone=reason is None)
        find_file = partial(find_release, view, found.name)
        every = [one.version for one in found.releases]
        write_distribution_pages(view, found, find_file, every)


def _check_reason(reason: str | None) -> str:
    line = " ".join((reason or "").split())
    if len(line) > _LONGEST_REASON:
        raise PublishingError(f"a reason has {_LONGEST_REASON} characters at most")
    return line
