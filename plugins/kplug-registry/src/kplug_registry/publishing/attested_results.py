"""Enters results of the contract suite that whoever runs the registry got in a job of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kplug_registry.building import SiteView, change_release, find_distribution
from kplug_registry.errors import PublishingError
from kplug_registry.publishing.transactions import changing
from kplug_registry.site_format import Release, wheel_path
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys
from kplug_registry.wheels import SuppliedResults, list_code_hashes


def attest(
    site: SiteStorage, supplied: Iterable[SuppliedResults], keys: SigningKeys | None = None
) -> list[str]:
    """Enter results as the registry's own, in place of those of publishers, and return the releases.

    Results of distributions that the site lacks are left out, as a job has others installed.

    Args:
        site: The storage of the site.
        supplied: The results.
        keys: The keys that sign the change, if the site is signed.

    Raises:
        PublishingError: for results of a version that the site lacks, or of other code than its wheels have.
    """
    releases: list[str] = []
    with changing(site, keys) as view:
        for one in supplied:
            distribution = find_distribution(view, one.distribution)
            if not distribution.releases:
                continue
            found = [each for each in distribution.releases if each.version == one.version]
            if not any(one.hash in hashes for each in found for hashes in list_hashes(view, each)):
                raise PublishingError(
                    f"{one.where} has results of {one.distribution} {one.version} with code that no wheel in "
                    f"{site} has: {one.hash or 'no hash'}",
                    hint="Install the wheel from the registry, and check it again.",
                )
            results = replace(one.results, is_verified=True)
            change_release(view, one.distribution, one.version, results=results)
            releases.append(f"{one.distribution} {one.version}")
    return releases


def list_hashes(view: SiteView, release: Release) -> Iterator[frozenset[str]]:
    """Yield the hashes of the code of each wheel of a release."""
    with TemporaryDirectory() as folder:
        for wheel in release.wheels:
            path = Path(folder) / wheel.filename
            path.write_bytes(view.read(wheel_path(wheel.filename)) or b"")
            yield list_code_hashes(path)
