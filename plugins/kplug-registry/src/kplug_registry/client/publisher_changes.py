"""Says who published a version, and what of that differs from the installed one."""

from __future__ import annotations

from collections.abc import Iterator

from kplug_registry.client.registries import Registries
from kplug_registry.site_format import (
    DistributionFile,
    OwnerChange,
    Release,
    distribution_path,
)


def describe_publisher(release: Release) -> str:
    """Return who published a version, as far as its file says it.

    Example:
        >>> from kplug_registry.site_format import Claim, Release, Workflow
        >>> ci = Workflow("https://gitlab.com", (Claim("project_path", "acme/waves"),))
        >>> describe_publisher(Release("1.0", "", "", (), "", (), publisher="anna", workflow=ci))
        'anna, by the workflow project_path acme/waves (https://gitlab.com)'
    """
    by = f", by the workflow {release.workflow}" if release.workflow else ""
    return f"{release.publisher or 'somebody unknown'}{by}"


def describe_provenances(release: Release) -> Iterator[str]:
    """Yield a line about the attestations of each wheel of a version."""
    for each in release.provenances:
        said = "verified by the registry" if each.is_verified else "not verified by the registry"
        kinds = ", ".join(each.predicate_types)
        yield f"{each.filename}: {kinds}, of the workflow {each.workflow}, {said}"


def list_provenance(registries: Registries, distribution: str, version: str) -> Iterator[str]:
    """Yield lines about a version of the first registry whose local copy has the distribution."""
    path = distribution_path(distribution)
    copies = ((each, each.read_copy(DistributionFile, path)) for each in registries)
    registry, file = next(((each, file) for each, file in copies if file), (None, None))
    release = next((one for one in file.releases if one.version == version), None) if file else None
    if registry is not None and release is not None:
        yield f"published by {describe_publisher(release)}, says the registry {registry.name}"
        yield from (f"attested: {line}" for line in describe_provenances(release))


def list_publisher_changes(
    file: DistributionFile, release: Release, installed: str
) -> Iterator[str]:
    """Yield a sentence for each change of publisher and owners between an installed version and another.

    Args:
        file: The signed file of the distribution.
        release: The version that is about to be installed.
        installed: The version that is here.
    """
    here = next((one for one in file.releases if one.version == installed), None)
    if here is None:
        yield f"the registry does not have the installed {installed}, so who published that is unknown"
        return
    if (here.publisher, here.workflow) != (release.publisher, release.workflow):
        yield (
            f"the publisher changes: {describe_publisher(release)}; "
            f"the installed {installed} is of {describe_publisher(here)}"
        )
    attested = [bool(one.provenances) for one in (here, release)]
    if attested == [True, False]:
        yield f"the installed {installed} has attestations, and this version has none"
    yield from (_describe_change(each) for each in file.owner_changes if each.date > here.published)


def _describe_change(change: OwnerChange) -> str:
    is_workflow = change.owner.startswith("workflow:")
    name = change.owner.removeprefix("workflow:")
    what = f"the trusted publisher {name}" if is_workflow else f"the owner {name}"
    done = "added" if change.is_added else "removed"
    return f"who may publish has changed: {what} was {done} by {change.by} on {change.date[:10]}"
