"""Finds releases that are too young to be chosen, by the setting `min-age`."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from kplug import find_lack_of_age
from kplug_registry.client.wheel_choice import find_wheel, list_usable_releases
from kplug_registry.site_format import DistributionFile, Release


class ReleaseAges:
    """Says which releases are too young; settings are asked once for each time of publication."""

    def __init__(self) -> None:
        self._reasons: dict[str, str | None] = {}

    def find_reason(self, release: Release, distribution: str) -> str | None:
        """Return why the wheel of a release that fits here is too young, or None."""
        wheel = find_wheel(release, distribution)
        published = max(release.published, wheel.published if wheel else "")
        if published not in self._reasons:
            self._reasons[published] = find_lack_of_age(published)
        return self._reasons[published]


def list_passed_over(file: DistributionFile, chosen: str) -> list[str]:
    """Return a sentence for each release newer than the chosen version that is too young."""
    try:
        least, ages = Version(chosen), ReleaseAges()
    except InvalidVersion:  # of what is installed
        return []
    return [
        f"{file.name} {each.version} is not chosen: {reason}"
        for each in list_usable_releases(file.releases, SpecifierSet(), file.name)
        if Version(each.version) > least
        and (reason := ages.find_reason(each, file.name)) is not None
    ]
