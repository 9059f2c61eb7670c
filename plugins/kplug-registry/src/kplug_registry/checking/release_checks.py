"""Checks releases of a site in a sandbox, and enters what was found as the registry's own results."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version as find_installed
from pathlib import Path
from tempfile import TemporaryDirectory

from kplug_registry.building import SiteView, find_distribution
from kplug_registry.building.releases import find_release
from kplug_registry.checking.release_folder import choose_wheels, unpack
from kplug_registry.checking.sandbox import NotCheckedError, Sandbox
from kplug_registry.errors import PublishingError, SiteFormatError
from kplug_registry.publishing import attest, list_hashes
from kplug_registry.site_format import (
    ContractResults,
    current_time,
    find_lowest_level,
)
from kplug_registry.storage import SiteStorage
from kplug_registry.trust.keys import SigningKeys
from kplug_registry.wheels import SuppliedResults, read_check_report


def list_unchecked(site: SiteStorage) -> Iterator[tuple[str, str]]:
    """Yield name and version of each release that the registry has not checked, and that may be installed."""
    for path in site.list("distributions"):
        view = SiteView(site)  # keeps what it reads
        file = find_distribution(view, Path(path).stem)
        for release in file.releases:
            if release.yanked is None and not release.is_library:
                results = find_release(view, file.name, release.version).results
                if results is None or not results.is_verified:
                    yield file.name, release.version


def check_release(
    site: SiteStorage,
    name: str,
    version: str,
    sandbox: Sandbox,
    keys: SigningKeys | None = None,
) -> str:
    """Check a release, enter the results as the registry's own, and return a sentence about them.

    A check that does not end with results of this release is entered as one that reached no level, with the
    reason, so that the next run passes it over.

    Args:
        site: The storage of the site.
        name: The distribution.
        version: The version.
        sandbox: Where the check runs.
        keys: The keys that sign the change, if the site is signed.

    Raises:
        PublishingError: if the site lacks the release, or cannot be written.
        NotStartedError: if the sandbox's command could not begin.
    """
    view = SiteView(site)
    releases = find_distribution(view, name).releases
    release = next((one for one in releases if one.version == version), None)
    if release is None:
        raise PublishingError(
            f"there is no {name} {version} in {site}, so it is not checked",
            hint=f"Versions are {', '.join(one.version for one in releases) or 'none'}.",
        )
    hashes = {one for each in list_hashes(view, release) for one in each}
    problem = ""
    try:
        supplied = _run(view, name, version, hashes, sandbox)
    except (NotCheckedError, SiteFormatError) as error:
        problem = error.message
        facts = _find_version("kplug"), _find_version("torch"), current_time(), ()
        failed = ContractResults(*facts, problems=(problem,))
        supplied = SuppliedResults("the check", name, version, min(hashes, default=None), failed)
    attest(site, [supplied], keys)
    offered = [(one.kind, one.name) for one in find_release(view, name, version).components]
    level = find_lowest_level(supplied.results, offered)
    return f"{name} {version}: {problem or (f'level {level}' if level else 'no level')}"


def _run(
    view: SiteView, name: str, version: str, hashes: set[str], sandbox: Sandbox
) -> SuppliedResults:
    with TemporaryDirectory(prefix="kplug-release-") as place:
        folder = Path(place) / "wheels"
        folder.mkdir()
        unpack(view, choose_wheels(view, name, version).values(), folder)
        printed = sandbox.run(folder, name)
    for one in read_check_report(printed, "what its check printed"):
        # Of this release alone: code of others can print what it likes about others.
        if (one.distribution, one.version) == (name, version) and one.hash in hashes:
            return one
    raise NotCheckedError("its check printed nothing about the code of its wheels")


def _find_version(name: str) -> str:
    try:
        return find_installed(name)
    except PackageNotFoundError:
        return "unknown"
