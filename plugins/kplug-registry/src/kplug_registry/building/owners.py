"""Owners of distributions: those who may publish a name, in the signed file of the distribution."""

from __future__ import annotations

import re
from dataclasses import replace

from kplug_registry.errors import NotPermittedError, PublishingError
from kplug_registry.site_format import DistributionFile, OwnerChange

OPERATOR = "operator"  # whoever runs the registry: may change all owners
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_MOST_CHANGES = 100  # that are kept, the newest


def check_owner_name(name: str) -> str:
    """Return a name of an owner.

    Raises:
        PublishingError: if nobody can have it.
    """
    if not _NAME.fullmatch(name):
        raise PublishingError(
            f"{name[:80]!r} cannot be the name of an owner",
            hint="Names have small letters, digits and '.', '_', '@', '+', '-', and 100 of them at most.",
        )
    return name


def check_owner(file: DistributionFile, publisher: str) -> None:
    """Refuse a change by somebody who does not own the distribution.

    Raises:
        NotPermittedError: with the owners.
    """
    if publisher not in file.owners:
        raise NotPermittedError(
            f"{file.name} belongs to {', '.join(file.owners) or 'nobody'}, and not to {publisher}",
            hint="An owner or whoever runs the registry adds others: "
            f"kplug owner add {file.name} {publisher} --to SITE",
        )


def claim_distribution(file: DistributionFile, publisher: str, date: str) -> DistributionFile:
    """Return a new distribution, which belongs to whoever publishes it first."""
    change = OwnerChange(check_owner_name(publisher), is_added=True, by=publisher, date=date)
    return replace(file, owners=(publisher,), owner_changes=(change,))


def change_owner(file: DistributionFile, change: OwnerChange) -> DistributionFile:
    """Return a distribution with one owner more or less.

    Raises:
        NotPermittedError: if whoever changes it is neither an owner nor the operator.
        PublishingError: if the owner is there already, is not there, or is the last.
    """
    name, owner = file.name, change.owner
    if change.by != OPERATOR:
        check_owner(file, change.by)
    if change.is_added:
        check_owner_name(owner)
    if change.is_added == (owner in file.owners):
        raise PublishingError(
            f"{owner} is {'an' if change.is_added else 'no'} owner of {name}",
            hint=f"Owners are {', '.join(file.owners)}.",
        )
    if not change.is_added and len(file.owners) == 1:
        raise PublishingError(
            f"{owner} is the last owner of {name}, and nobody could publish it then",
            hint=f"Add another one before: kplug owner add {name} NAME --to SITE",
        )
    owners = {*file.owners, owner} if change.is_added else {*file.owners} - {owner}
    return note_change(replace(file, owners=tuple(sorted(owners))), change)


def note_change(file: DistributionFile, change: OwnerChange) -> DistributionFile:
    """Return a distribution with a change in its list, whose oldest ones are dropped."""
    changes = (*file.owner_changes, change)[-_MOST_CHANGES:]
    return replace(file, owner_changes=changes)
