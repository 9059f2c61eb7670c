"""Resolves a distribution and its requirements to wheels, as far as registries have them."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version as installed_version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, sys_tags
from packaging.utils import (
    BuildTag,
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from kplug import lookup_key
from kplug_registry.client.name_lookup import list_offers_of_any_kind
from kplug_registry.client.registries import ConfiguredRegistry, OwnedDistribution, Registries
from kplug_registry.errors import InstallationError, SiteFormatError
from kplug_registry.site_format import Release, WheelFile, wheel_path

_SHOWN = 8  # names of components in a message
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Installation:
    """A wheel to install.

    Args:
        distribution: The normalised name.
        release: The version.
        wheel: Its wheel that fits this environment best.
        registry: Its registry.
        refused: Later registries that claim the distribution too.
    """

    distribution: str
    release: Release
    wheel: WheelFile
    registry: ConfiguredRegistry
    refused: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The requirement for pip and uv: the URL of the wheel, with its hash."""
        address = f"{self.registry.site.address}{wheel_path(self.wheel.filename)}"
        return f"{self.distribution} @ {address}#sha256={self.wheel.sha256}"


def plan_installation(registries: Registries, wanted: str) -> list[Installation]:
    """Return the wheels to install for a component or distribution, each from its owning registry.

    Args:
        registries: The registries to search.
        wanted: The name of a component, also as ``distribution/name``, or a distribution with or without
            versions.

    Raises:
        InstallationError: if no registry has it, several distributions do, or none of its versions fits.
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    owner, slash, component = wanted.partition("/")
    requirement = _parse(owner if slash else wanted)
    if not slash and not requirement.specifier and not registries.find_owner(requirement.name):
        requirement = Requirement(_find_by_component(registries, wanted))
    plan = _plan_requirement(registries, requirement)
    if slash:
        _check_offer(plan[0], component)
    return plan


def _plan_requirement(registries: Registries, requirement: Requirement) -> list[Installation]:
    """Return the wheels that a requirement brings, its own first."""
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
        waiting += _list_requirements(planned[name], each.extras)
    return list(planned.values())


def choose_release(
    releases: Iterable[Release], specifier: SpecifierSet, distribution: str
) -> Release | None:
    """Return the newest release that may be installed here and fits; None if there is none.

    One is passed over if it has no wheel for here.
    """
    usable = [each for each in releases if _is_usable(each, specifier, distribution)]
    of = {Version(each.version): each for each in usable}
    allowed = list(specifier.filter(of))
    return of[max(allowed)] if allowed else None


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


def _parse(wanted: str) -> Requirement:
    try:
        found = Requirement(wanted)
    except InvalidRequirement as error:
        raise InstallationError(
            f"{wanted[:80]!r} names neither a component nor a distribution",
            hint="Write NAME, DISTRIBUTION/NAME, DISTRIBUTION or DISTRIBUTION==VERSION.",
        ) from error
    if found.url or found.marker:
        raise InstallationError(
            f"{wanted[:80]!r} has an address or a condition",
            hint="Write NAME, DISTRIBUTION or DISTRIBUTION==VERSION; pip installs from addresses.",
        )
    return found


def _find_by_component(registries: Registries, name: str) -> str:
    """Return the one distribution that offers a component; one whose bare name it is, if there is any."""
    of_bare_name: dict[str, str] = {}
    of_qualified_name: dict[str, str] = {}
    for registry in registries:
        for offer in list_offers_of_any_kind(registry.fetch, name):
            found = of_qualified_name if offer.is_qualified_only else of_bare_name
            found.setdefault(offer.distribution, registry.name)
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


def _check_offer(planned: Installation, name: str) -> None:
    """Refuse a distribution that is wanted for a component which it does not have."""
    entries = planned.release.components
    keys = {lookup_key(each) for entry in entries for each in (entry.name, *entry.aliases)}
    if lookup_key(name) not in keys:
        names = ", ".join(entry.name for entry in entries[:_SHOWN])
        more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
        raise InstallationError(
            f"{planned.distribution} {planned.release.version} of the registry "
            f"{planned.registry.name!r} offers no component {name[:80]!r}",
            hint=f"It offers {names or 'none'}{more}.",
        )


def _choose(owned: OwnedDistribution, requirement: Requirement) -> Installation:
    release = choose_release(owned.file.releases, requirement.specifier, owned.file.name)
    if release is None:
        versions = ", ".join(each.version for each in owned.file.releases[:8])
        wanted = requirement.specifier or "any version"
        raise InstallationError(
            f"no version of {owned.file.name} fits here ({wanted}, Python {platform.python_version()})",
            hint=f"The registry {owned.registry.name!r} has {versions or 'none'}.",
        )
    wheel = find_wheel(release, owned.file.name)
    assert wheel is not None  # noqa: S101 - a release without one is passed over
    return Installation(owned.file.name, release, wheel, owned.registry, owned.refused)


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


def _list_requirements(planned: Installation, extras: Iterable[str]) -> Iterator[Requirement]:
    for text in planned.release.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise SiteFormatError(f"{planned.wheel.filename} requires {text[:80]!r}") from error
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
