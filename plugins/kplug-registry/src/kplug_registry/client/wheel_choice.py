"""Chooses the wheel of a release that fits this environment, as pip does."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, sys_tags
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from kplug_registry.site_format import Release, WheelFile

_SHA256 = re.compile("[0-9a-f]{64}")


def list_usable_releases(
    releases: Iterable[Release], specifier: SpecifierSet, distribution: str
) -> list[Release]:
    """Return the releases that may be installed here and fit a specifier, the newest first.

    A release is passed over if it has no wheel for here, or was withdrawn and ``==`` does not name it.
    Pre-releases count where the specifier names one, or where nothing else fits.
    """
    usable = [each for each in releases if _is_usable(each, specifier, distribution)]
    of = {Version(each.version): each for each in usable}
    return [of[version] for version in sorted(specifier.filter(of), reverse=True)]


def find_wheel(release: Release, distribution: str) -> WheelFile | None:
    """Return the wheel of a release that fits this interpreter best, by its tags as pip ranks them, or None.

    A wheel is passed over if it is not that of the distribution and the version, or has no hash.
    """
    ranked = [
        (rank, wheel)
        for wheel in release.wheels
        if (rank := _rank(wheel, release.version, distribution)) is not None
    ]
    return max(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _rank(wheel: WheelFile, version: str, distribution: str) -> tuple[int, BuildTag] | None:
    """Return how well a wheel fits, the higher the better; of the same tags, the later build does."""
    try:
        name, of, build, tags = parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename:
        return None
    if (name, of) != (distribution, Version(version)) or not _SHA256.fullmatch(wheel.sha256):
        return None
    places = [place for tag in tags if (place := _places().get(tag)) is not None]
    return (-min(places), build) if places else None


@lru_cache
def _places() -> dict[Tag, int]:
    """Return where each tag that fits this interpreter stands in the order of preference."""
    return {tag: place for place, tag in enumerate(sys_tags())}


def _is_usable(release: Release, specifier: SpecifierSet, distribution: str) -> bool:
    is_named = any(each.operator in ("==", "===") for each in specifier)
    if release.yanked is not None and not is_named:
        return False
    try:
        pythons = SpecifierSet(release.requires_python)
        has_wheel = find_wheel(release, distribution) is not None
    except (InvalidSpecifier, InvalidVersion):
        return False
    return has_wheel and pythons.contains(platform.python_version(), prereleases=True)
