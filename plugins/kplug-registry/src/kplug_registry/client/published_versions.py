"""Describes releases as other plugins see them: what can be read and downloaded of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import distributions
from pathlib import Path

from kplug import PublishedVersion
from kplug_registry.client.publisher_changes import list_publisher_changes
from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.client.wheel_choice import find_wheel
from kplug_registry.site_format import Release, WheelFile, numbers_path, wheel_path

_MOST_NUMBERS = 4 << 20  # bytes, as of any text of a wheel


def list_versions(registries: Registries, distribution: str) -> Iterator[PublishedVersion]:
    """Yield the versions of a distribution with a wheel for this machine, withdrawn ones too.

    Args:
        registries: The registries, of which the first that has it owns it.
        distribution: The distribution.

    Raises:
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    owned = registries.find_owner(distribution)
    if owned is None:
        return
    name = owned.file.name
    here = next((each.version for each in distributions(name=name)), None)
    for release in owned.file.releases:
        if find_wheel(release, name) is not None:
            is_other = here is not None and here != release.version
            notices = list_publisher_changes(owned.file, release, str(here)) if is_other else ()
            version = describe_version(owned.registry, name, release)
            yield replace(version, notices=tuple(notices))


def describe_version(
    registry: ConfiguredRegistry, distribution: str, release: Release
) -> PublishedVersion:
    """Return a release with what reads its numbers and downloads its wheel, on demand.

    Args:
        registry: Its registry.
        distribution: The normalised name.
        release: The release, which has a wheel for this machine.
    """
    wheel = find_wheel(release, distribution)
    assert wheel is not None  # noqa: S101 - a release without one is passed over
    download = partial(_download, registry, wheel)
    published = max(release.published, wheel.published)
    if release.numbers is None:
        return PublishedVersion(release.version, download, published=published)
    path = numbers_path(release.numbers)
    read = partial(registry.fetch_hashed, path, release.numbers, _MOST_NUMBERS)
    return PublishedVersion(release.version, download, read, f"sha256:{release.numbers}", published)


def _download(registry: ConfiguredRegistry, wheel: WheelFile, folder: Path) -> Path:
    content = registry.fetch_hashed(wheel_path(wheel.filename), wheel.sha256, wheel.size)
    (folder / wheel.filename).write_bytes(content)
    return folder / wheel.filename
