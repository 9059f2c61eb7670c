"""Adds releases to a site, and withdraws them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kplug_registry.building import (
    add_projects,
    add_release,
    change_release,
    find_distribution,
)
from kplug_registry.building.held_names import (
    REQUIRED,
    change_names,
    hold_names,
    list_required,
)
from kplug_registry.building.notices import list_notices
from kplug_registry.building.owners import OPERATOR, check_owner
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.attestation_check import verify_attestations
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import Workflow
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys
from kplug_registry.wheels import WheelContents


def publish(
    wheels: Iterable[WheelContents],
    site: SiteStorage,
    published: str,
    keys: SigningKeys | None = None,
    publisher: str = OPERATOR,
    workflow: Workflow | None = None,
) -> list[str]:
    """Add releases to a site, all or none, and return the paths of the files that were written.

    Args:
        wheels: The contents of the wheels.
        site: The storage of the site.
        published: The time, as in `kplug_registry.site_format.Release`.
        keys: The keys that sign the change, if the site is signed.
        publisher: In whose name: an owner of those distributions that the site has.
        workflow: The workflow that does it, if one does.

    Raises:
        NotPermittedError: if one of them is another's, or a new name is held.
        PublishingError: for an existing version, or if the site's rules refuse it; nothing was written.
    """
    contents = list(map(verify_attestations, wheels))
    with changing(site, keys) as view:
        hold_names(view, dict.fromkeys(wheel.metadata.name for wheel in contents), publisher)
        added = [
            name
            for wheel in contents
            if (name := add_release(view, wheel, published, publisher, workflow))
        ]
        if added:
            add_projects(view, added)
        required = (list_required(wheel.metadata.requires) for wheel in contents)
        change_names(view, REQUIRED, set().union(*required))
    return sorted(view.changes)


def yank(
    site: SiteStorage,
    name: str,
    version: str,
    reason: str | None,
    keys: SigningKeys | None = None,
    by: str = OPERATOR,
) -> list[str]:
    """Withdraw a release, which is then installed only if exactly this version is requested.

    Args:
        site: The storage of the site.
        name: The distribution.
        version: The version.
        reason: Why; None takes the withdrawal back.
        keys: The keys that sign the change, if the site is signed.
        by: Who does it: an owner, or whoever runs the registry.

    Raises:
        NotPermittedError: if it is neither.
        PublishingError: if the site does not have the release, or it is recalled.
    """
    with changing(site, keys) as view:
        found = find_distribution(view, name)
        if by != OPERATOR:
            check_owner(found, by)
        if list_notices(view, "recalls", found.name, version):
            raise PublishingError(
                f"{found.name} {version} is recalled, so it is withdrawn",
                hint=f"`kplug recall {found.name}=={version} --undo --to SITE` takes both back.",
            )
        change_release(view, name, version, lambda release: replace(release, yanked=reason))
    return sorted(view.changes)
