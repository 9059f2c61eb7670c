"""What has to be installed: a distribution, and what it requires as far as registries have it."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version as installed_version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from kplug import lookup_key
from kplug_registry.client.registries import ConfiguredRegistry, OwnedDistribution, Registries
from kplug_registry.errors import InstallationError, SiteFormatError
from kplug_registry.site_format import Release, SearchFile, search_path, wheel_path

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Installation:
    """A wheel that is to be installed.

    Args:
        distribution: The normalised name.
        release: The version, with the hash of its wheel.
        registry: Where it comes from.
        refused: Later registries that claim the distribution too.
    """

    distribution: str
    release: Release
    registry: ConfiguredRegistry
    refused: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """What pip and uv are told: the address of the wheel, with the hash that they check it by."""
        wheel = self.release.wheel
        address = f"{self.registry.site.address}{wheel_path(wheel.filename)}"
        return f"{self.distribution} @ {address}#sha256={wheel.sha256}"


def plan_installation(registries: Registries, wanted: str) -> list[Installation]:
    """Return the wheels that bring a component or a distribution, each from the registry that it belongs to.

    Args:
        registries: Where to look.
        wanted: The name of a component, or of a distribution with or without versions.

    Raises:
        InstallationError: if no registry has it, several distributions do, or none of its versions fits.
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    requirement = _parse(wanted)
    if not requirement.specifier and registries.find_owner(requirement.name) is None:
        requirement = Requirement(_find_by_component(registries, wanted))
    waiting = [requirement]
    planned: dict[str, Installation] = {}
    while waiting:
        each = waiting.pop()
        name = canonicalize_name(each.name)
        if name in planned:
            _check_agreement(planned[name], each)
            continue
        is_wanted = each is requirement
        if not is_wanted and _is_satisfied(each):
            continue
        owned = registries.find_owner(name)
        if owned is None and not is_wanted:
            continue  # not of a registry: the installer finds it where this environment gets its packages
        if owned is None:
            raise InstallationError(
                f"no registry has a distribution {name!r}",
                hint="`kplug search WORD` shows what there is.",
            )
        planned[name] = _choose(owned, each)
        waiting += _list_requirements(planned[name].release, each.extras)
    return list(planned.values())


def choose_release(
    releases: Iterable[Release], specifier: SpecifierSet, distribution: str
) -> Release | None:
    """Return the newest release that may be installed here and fits; None if there is none.

    One is passed over if its wheel is not that of the distribution and the version, or has no hash.
    """
    usable = [each for each in releases if _is_usable(each, specifier, distribution)]
    of = {Version(each.version): each for each in usable}
    allowed = list(specifier.filter(of))
    return of[max(allowed)] if allowed else None


def _parse(wanted: str) -> Requirement:
    try:
        found = Requirement(wanted)
    except InvalidRequirement as error:
        raise InstallationError(
            f"{wanted[:80]!r} names neither a component nor a distribution",
            hint="Write NAME, DISTRIBUTION or DISTRIBUTION==VERSION.",
        ) from error
    if found.url or found.marker:
        raise InstallationError(
            f"{wanted[:80]!r} has an address or a condition",
            hint="Write NAME, DISTRIBUTION or DISTRIBUTION==VERSION; pip installs from addresses.",
        )
    return found


def _find_by_component(registries: Registries, name: str) -> str:
    """Return the one distribution that offers a component; one whose bare name it is, if there is any."""
    key = lookup_key(name)
    of_bare_name: dict[str, str] = {}
    of_qualified_name: dict[str, str] = {}
    for registry in registries:
        file = registry.fetch(SearchFile, search_path(key))
        for hit in file.hits if file else ():
            if lookup_key(hit.name) == key:
                found = of_qualified_name if hit.is_qualified_only else of_bare_name
                found.setdefault(hit.distribution, registry.name)
    owners = of_bare_name or of_qualified_name
    if not owners:
        raise InstallationError(
            f"no registry has a component or a distribution {name!r}",
            hint="`kplug search WORD` shows what there is.",
        )
    if len(owners) > 1:
        lines = (f"`kplug install {each}` (registry {owner!r})" for each, owner in owners.items())
        raise InstallationError(
            f"{len(owners)} distributions offer {name!r}", hint="Name one: " + ", ".join(lines)
        )
    return next(iter(owners))


def _choose(owned: OwnedDistribution, requirement: Requirement) -> Installation:
    release = choose_release(owned.file.releases, requirement.specifier, owned.file.name)
    if release is None:
        versions = ", ".join(each.version for each in owned.file.releases[:8])
        wanted = requirement.specifier or "any version"
        raise InstallationError(
            f"no version of {owned.file.name} fits here ({wanted}, Python {platform.python_version()})",
            hint=f"The registry {owned.registry.name!r} has {versions or 'none'}.",
        )
    return Installation(owned.file.name, release, owned.registry, owned.refused)


def _is_usable(release: Release, specifier: SpecifierSet, distribution: str) -> bool:
    is_named = any(each.operator in ("==", "===") for each in specifier)
    if release.yanked is not None and not is_named:
        return False
    try:
        pythons = SpecifierSet(release.requires_python)
        name, version, _, tags = parse_wheel_filename(release.wheel.filename)
        is_its_wheel = (name, version) == (distribution, Version(release.version))
    except (InvalidSpecifier, InvalidVersion, InvalidWheelFilename):
        return False
    if not is_its_wheel or not _SHA256.fullmatch(release.wheel.sha256):
        return False
    return pythons.contains(platform.python_version(), prereleases=True) and not tags.isdisjoint(
        sys_tags()
    )


def _list_requirements(release: Release, extras: Iterable[str]) -> Iterator[Requirement]:
    for text in release.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise SiteFormatError(f"{release.wheel.filename} requires {text[:80]!r}") from error
        marker = requirement.marker
        contexts = [{"extra": extra} for extra in ("", *sorted(extras))]
        if requirement.url is None and (marker is None or any(map(marker.evaluate, contexts))):
            yield requirement


def _is_satisfied(requirement: Requirement) -> bool:
    try:
        version = installed_version(requirement.name)
    except PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def _check_agreement(planned: Installation, requirement: Requirement) -> None:
    if not requirement.specifier.contains(planned.release.version, prereleases=True):
        raise InstallationError(
            f"{planned.distribution} {planned.release.version} is planned, and {requirement} is required too",
            hint=f"Name a version that fits: kplug install '{requirement}'",
        )
