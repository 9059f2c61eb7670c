"""Finds archives by their hash, in the registries of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from kplug_registry.client.registries import Registries
from kplug_registry.errors import RegistryError
from kplug_registry.site_format import DistributionFile, distribution_path, wheel_path


def list_archives(
    registries: Registries, distribution: str, version: str, sha256: str
) -> Iterator[str]:
    """Yield the URLs of the wheel with a hash. It may be in any registry, as the hash says what it is.

    Args:
        registries: The registries to search. One that cannot be used is passed over.
        distribution: The distribution.
        version: The version.
        sha256: The hash, in small hexadecimal digits.
    """
    path = distribution_path(distribution)
    for registry in registries:
        with suppress(RegistryError):
            file = registry.fetch(DistributionFile, path)
            for release in file.releases if file else ():
                for wheel in release.wheels if release.version == version else ():
                    if wheel.sha256 == sha256:
                        yield f"{registry.site.address}{wheel_path(wheel.filename)}"
