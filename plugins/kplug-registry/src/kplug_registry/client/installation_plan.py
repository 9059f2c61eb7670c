"""Resolves a distribution and its requirements to wheels, as far as registries have them."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kplug import lookup_key
from kplug_registry.client.name_lookup import list_offers_of_any_kind
from kplug_registry.client.publisher_changes import list_publisher_changes
from kplug_registry.client.registries import ConfiguredRegistry, OwnedDistribution, Registries
from kplug_registry.client.release_ages import list_passed_over
from kplug_registry.client.resolver import Solution, resolve_requirements
from kplug_registry.client.similar_names import list_similar_names
from kplug_registry.client.wheel_choice import find_wheel, list_usable_releases
from kplug_registry.errors import InstallationError
from kplug_registry.site_format import Release, ReleaseFile, WheelFile, release_path, wheel_path

_SHOWN = 8  # names of components in a message


@dataclass(frozen=True)
class Installation:
    """A wheel to install.

    Args:
        distribution: The normalised name.
        release: The version.
        wheel: Its wheel that fits this environment best.
        registry: Its registry.
        refused: Later registries that claim the distribution too.
        extras: The extras that are wanted with it.
        passed_over: A sentence for each newer version that is too young.
        publisher_changes: A sentence for each change of publisher and owners since the installed version.
    """

    distribution: str
    release: Release
    wheel: WheelFile
    registry: ConfiguredRegistry
    refused: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    publisher_changes: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The requirement for pip and uv: the URL of the wheel, with its hash."""
        address = f"{self.registry.site.address}{wheel_path(self.wheel.filename)}"
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.distribution}{extras} @ {address}#sha256={self.wheel.sha256}"


def plan_installation(registries: Registries, wanted: Sequence[str]) -> list[Installation]:
    """Return the wheels to install for components and distributions, each from its owning registry.

    Args:
        registries: The registries to search.
        wanted: Names of components, also as ``distribution/name``, or distributions with or without versions.

    Raises:
        InstallationError: if no registry has one, several distributions do, or no versions fit together.
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    requests = [_read(registries, each) for each in wanted]
    owned = {name: _get_owner(registries, name) for name in map(_name_of, requests)}
    for request in requests:
        _check_version(owned[_name_of(request)], request.requirement)
    solution = resolve_requirements(registries, [each.requirement for each in requests])
    names = dict.fromkeys([*owned, *sorted(solution.releases)])
    plan = {
        name: _make(owned.get(name) or _get_owner(registries, name), solution, name)
        for name in names
    }
    for request in requests:
        if request.component:
            _check_offer(plan[_name_of(request)], request.component)
    return list(plan.values())


@dataclass(frozen=True)
class _Request:
    requirement: Requirement
    component: str


def _name_of(request: _Request) -> str:
    return canonicalize_name(request.requirement.name)


def _read(registries: Registries, wanted: str) -> _Request:
    owner, slash, component = wanted.partition("/")
    requirement = _parse(owner if slash else wanted)
    if not slash and not requirement.specifier and not registries.find_owner(requirement.name):
        requirement = Requirement(_find_by_component(registries, wanted))
    return _Request(requirement, component)


def _get_owner(registries: Registries, name: str) -> OwnedDistribution:
    owned = registries.find_owner(name)
    if owned is None:
        similar = list_similar_names(registries, name, is_distribution=True)
        raise InstallationError(f"no registry has a distribution {name!r}", hint=_suggest(similar))
    return owned


def _suggest(names: Sequence[str]) -> str:
    question = f"Did you mean {', '.join(map(repr, names))}? " if names else ""
    return f"{question}`kplug search WORD` shows what there is."


def _make(owned: OwnedDistribution, solution: Solution, name: str) -> Installation:
    release = solution.releases[name]
    wheel = find_wheel(release, owned.file.name)
    assert wheel is not None  # noqa: S101 - a release without one is passed over
    extras = tuple(sorted(solution.extras[name]))
    passed_over = tuple(list_passed_over(owned.file, release.version))
    here = next((each.version for each in distributions(name=name)), release.version)
    is_other = here != release.version
    changes = tuple(list_publisher_changes(owned.file, release, here)) if is_other else ()
    facts = owned.registry, owned.refused, extras, passed_over, changes
    return Installation(name, release, wheel, *facts)


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
            hint=_suggest(list_similar_names(registries, name)),
        )
    if len(owners) > 1:
        lines = (f"`kplug install {each}` (registry {owner!r})" for each, owner in owners.items())
        raise InstallationError(
            f"{len(owners)} distributions offer {name!r}", hint="Name one: " + ", ".join(lines)
        )
    return next(iter(owners))


def _check_offer(planned: Installation, name: str) -> None:
    """Refuse a distribution that is wanted for a component which it does not have."""
    path = release_path(planned.distribution, planned.release.version)
    file = planned.registry.fetch(ReleaseFile, path)
    entries = file.components if file else ()
    keys = {lookup_key(each) for entry in entries for each in (entry.name, *entry.aliases)}
    if lookup_key(name) not in keys:
        names = ", ".join(entry.name for entry in entries[:_SHOWN])
        more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
        raise InstallationError(
            f"{planned.distribution} {planned.release.version} of the registry "
            f"{planned.registry.name!r} offers no component {name[:80]!r}",
            hint=f"It offers {names or 'none'}{more}.",
        )


def _check_version(owned: OwnedDistribution, requirement: Requirement) -> None:
    """Refuse a requirement that no release satisfies by itself."""
    if list_usable_releases(owned.file.releases, requirement.specifier, owned.file.name):
        return
    versions = ", ".join(each.version for each in owned.file.releases[:8])
    wanted = requirement.specifier or "any version"
    raise InstallationError(
        f"no version of {owned.file.name} fits here ({wanted}, Python {platform.python_version()})",
        hint=f"The registry {owned.registry.name!r} has {versions or 'none'}.",
    )
