"""Sorts releases, and chooses the one that a search shows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol, TypeVar

from packaging.version import InvalidVersion, Version

from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format.schema import DistributionFile, Release


class _HasVersion(Protocol):
    @property
    def version(self) -> str: ...


Versioned = TypeVar("Versioned", bound=_HasVersion)


def sort_releases(releases: Iterable[Versioned]) -> tuple[Versioned, ...]:
    """Return versioned items, the newest first.

    Raises:
        SiteFormatError: for an invalid version.
    """
    return tuple(sorted(releases, key=lambda release: _parse(release.version), reverse=True))


def find_current(distribution: DistributionFile) -> Release | None:
    """Return the newest release that is not yanked, preferably a final one, or None."""
    usable = [one for one in distribution.releases if one.yanked is None]  # the newest first
    finals = (one for one in usable if not _parse(one.version).is_prerelease)
    return next(finals, usable[0] if usable else None)


@lru_cache(maxsize=8192)
def _parse(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        raise SiteFormatError(f"{version[:80]!r} is no version (PEP 440)") from None
