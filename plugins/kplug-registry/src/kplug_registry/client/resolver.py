"""Resolves requirements to releases of registries, with resolvelib and pip's preferences.

What no registry has is left to the installer, which finds it where this environment gets its packages. An
extra is a node of its own, ``name[extra]``, which requires the same version of ``name``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, reduce
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible
from resolvelib.resolvers import Resolution, ResolutionTooDeep

from kplug_registry.client.release_ages import ReleaseAges, list_passed_over
from kplug_registry.client.wheel_choice import list_usable_releases
from kplug_registry.errors import InstallationError, SiteFormatError

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

    from kplug_registry.client.registries import OwnedDistribution, Registries
    from kplug_registry.site_format import Release

_MAX_ROUNDS = 20_000
_Node = tuple[str, frozenset[str]]  # a normalised name and extras
_Cause = tuple[Requirement, "Candidate | None"]  # and what requires it, if that is not the user


@dataclass(frozen=True)
class Candidate:
    """A version of a distribution that could satisfy a requirement.

    Args:
        name: The normalised name.
        extras: The extras that are wanted with it.
        version: The version.
        requires: Its requirements, as its metadata has them.
        release: The release of the registry; None for the version that is installed.
    """

    name: str
    extras: frozenset[str]
    version: Version
    requires: tuple[str, ...]
    release: Release | None

    @property
    def _place(self) -> tuple[str, frozenset[str], Version]:
        return self.name, self.extras, self.version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)


@dataclass(frozen=True)
class Solution:
    """One release for each distribution that is to be installed.

    Args:
        releases: The releases by distribution.
        extras: The extras that are wanted of each.
    """

    releases: Mapping[str, Release]
    extras: Mapping[str, frozenset[str]]


def resolve_requirements(
    registries: Registries, roots: Sequence[Requirement], *, is_upgrade: bool = False
) -> Solution:
    """Return the releases that satisfy requirements and what they require in turn.

    The newest version is preferred for the requirements themselves; the installed one, for what they require.

    Args:
        registries: The registries that own distributions.
        roots: The requirements, each of a distribution that a registry has.
        is_upgrade: Whether everything else that is installed keeps what it requires.

    Raises:
        InstallationError: if no choice of versions satisfies all of them.
        SiteFormatError: if a release states a requirement that is none.
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    provider = _Provider(registries, roots, is_upgrade=is_upgrade)
    try:
        chosen = _solve(provider, sorted(roots, key=str))
    except ResolutionImpossible as error:
        raise _explain(provider, error) from error
    except ResolutionTooDeep as error:
        raise InstallationError(
            f"no versions that fit together were found in {_MAX_ROUNDS} attempts",
            hint="Name a version: kplug install NAME==VERSION.",
        ) from error
    releases: dict[str, Release] = {}
    extras: dict[str, frozenset[str]] = {}
    for candidate in chosen:
        extras[candidate.name] = extras.get(candidate.name, frozenset()) | candidate.extras
        if candidate.release is not None:
            releases[candidate.name] = candidate.release
    return Solution(releases, extras)


def _solve(provider: _Provider, roots: Sequence[Requirement]) -> list[Candidate]:
    """Return the candidates that the roots need.

    With cyclic requirements, resolvelib 1.2 can choose two candidates that exclude each other, as pip then
    does, or overlook a solution. No solution has both candidates, so it is asked again without one of them.
    """
    # Not `Resolver.resolve`: it recurses without end where a cycle is left over from going back.
    state = Resolution(provider, BaseReporter()).resolve(roots, max_rounds=_MAX_ROUNDS)
    waiting, reached = list(roots), dict[_Node, Candidate]()
    while waiting:
        node = provider.identify(waiting.pop())
        if node in reached:
            continue
        reached[node] = candidate = state.mapping[node]
        for requirement in provider.get_dependencies(candidate):
            other = state.mapping[provider.identify(requirement)]
            if not provider.is_satisfied_by(requirement, other):
                return _solve_without(provider, roots, (candidate, other))
            waiting.append(requirement)
    return list(reached.values())


def _solve_without(
    provider: _Provider, roots: Sequence[Requirement], contradicting: Sequence[Candidate]
) -> list[Candidate]:
    impossible: ResolutionImpossible[Requirement, Candidate] | None = None
    for each in contradicting:
        provider.excluded.add(each)
        try:
            return _solve(provider, roots)
        except ResolutionImpossible as error:
            impossible = error
        finally:
            provider.excluded.discard(each)
    assert impossible is not None  # noqa: S101 - there are two
    raise impossible


def resolve_upgrades(registries: Registries, names: Iterable[str]) -> dict[str, Release]:
    """Return the releases that installed distributions can be upgraded to without breaking another one.

    Args:
        registries: The registries that own them.
        names: The normalised names of installed distributions.
    """
    roots = [Requirement(name) for name in names]
    try:
        return dict(resolve_requirements(registries, roots, is_upgrade=True).releases)
    except InstallationError:  # what is installed does not fit together
        found: dict[str, Release] = {}
        for root in roots:
            with suppress(InstallationError):
                found |= resolve_requirements(registries, [root], is_upgrade=True).releases
        return found


def read_requirements(texts: Iterable[str], extras: Iterable[str], owner: str) -> list[Requirement]:
    """Return the requirements that hold here, with these extras.

    Raises:
        SiteFormatError: if one is none.
    """
    contexts = [{"extra": extra} for extra in ("", *sorted(extras))]
    found = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise SiteFormatError(f"{owner} requires {text[:80]!r}") from error
        marker = requirement.marker
        if requirement.url is None and (marker is None or any(map(marker.evaluate, contexts))):
            found.append(requirement)
    return sorted(found, key=str)  # the order in which metadata lists them says nothing


class _Provider(AbstractProvider[Requirement, Candidate, _Node]):
    def __init__(
        self, registries: Registries, roots: Sequence[Requirement], *, is_upgrade: bool
    ) -> None:
        self._registries = registries
        self._wanted = {canonicalize_name(root.name) for root in roots}
        self._is_upgrade = is_upgrade
        self._owned: dict[str, OwnedDistribution | None] = {}
        self._ages = ReleaseAges()
        self.excluded: set[Candidate] = set()
        self.wanting: dict[_Node, list[_Cause]] = {}
        for root in roots:
            self.wanting.setdefault(self.identify(root), []).append((root, None))

    def find_owner(self, name: str) -> OwnedDistribution | None:
        """Return what `Registries.find_owner` does, which is asked once for each name."""
        if name not in self._owned:
            self._owned[name] = self._registries.find_owner(name)
        return self._owned[name]

    def identify(self, requirement_or_candidate: Requirement | Candidate) -> _Node:
        extras = frozenset(map(canonicalize_name, requirement_or_candidate.extras))
        return canonicalize_name(requirement_or_candidate.name), extras

    def get_preference(
        self,
        identifier: _Node,
        resolutions: Mapping[_Node, Candidate],  # noqa: ARG002 - resolvelib passes it
        candidates: Mapping[_Node, Iterator[Candidate]],  # noqa: ARG002 - and this
        information: Mapping[_Node, Iterator[RequirementInformation[Requirement, Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[Requirement, Candidate]],
    ) -> tuple[bool, bool, str, list[str]]:
        requirements = [each.requirement for each in information[identifier]]
        is_pinned = any(one.operator == "==" for each in requirements for one in each.specifier)
        is_cause = any(self.identify(each.requirement) == identifier for each in backtrack_causes)
        return not is_pinned, not is_cause, identifier[0], sorted(identifier[1])

    def find_matches(
        self,
        identifier: _Node,
        requirements: Mapping[_Node, Iterator[Requirement]],
        incompatibilities: Mapping[_Node, Iterator[Candidate]],
    ) -> list[Candidate]:
        name, extras = identifier
        specifier = _join(each.specifier for each in requirements[identifier])
        excluded = {each.version for each in incompatibilities[identifier]}
        owned = self.find_owner(name)
        found = [] if owned is None else [*self._list_released(owned, extras, specifier)]
        installed = self._find_installed(name, extras, specifier)
        if installed is not None and name not in self._wanted:
            found = [installed, *found]
        elif installed is not None and self._is_upgrade:
            found = [each for each in found if self._is_better(each, installed, owned)]
            found.append(installed)
        return [
            each for each in found if each.version not in excluded and each not in self.excluded
        ]

    def _find_installed(
        self, name: str, extras: frozenset[str], specifier: SpecifierSet
    ) -> Candidate | None:
        installed = _find_installed(name)
        if installed is None or not specifier.contains(installed.version, prereleases=True):
            return None
        requires = tuple(installed.requires or ())
        return Candidate(name, extras, Version(installed.version), requires, None)

    @staticmethod
    def _is_better(
        candidate: Candidate, installed: Candidate, owned: OwnedDistribution | None
    ) -> bool:
        """Whether a release is newer than the installed one, or that one was withdrawn."""
        releases = () if owned is None else owned.file.releases
        withdrawn = {each.version for each in releases if each.yanked is not None}
        return candidate.version > installed.version or str(installed.version) in withdrawn

    def _list_released(
        self, owned: OwnedDistribution, extras: frozenset[str], specifier: SpecifierSet
    ) -> Iterator[Candidate]:
        name = owned.file.name
        for release in list_usable_releases(owned.file.releases, specifier, name):
            if self._ages.find_reason(release, name) is not None:
                continue
            version = Version(release.version)
            if not self._is_upgrade or self._installation.accepts(name, version, release.requires):
                yield Candidate(name, extras, version, release.requires, release)

    @cached_property
    def _installation(self) -> _Surroundings:
        return _Surroundings(frozenset(self._wanted))

    def is_satisfied_by(self, requirement: Requirement, candidate: Candidate) -> bool:
        return requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate: Candidate) -> list[Requirement]:
        owner = f"{candidate.name} {candidate.version}"
        found = read_requirements(candidate.requires, candidate.extras, owner)
        owned = [each for each in found if self.find_owner(canonicalize_name(each.name))]
        for each in owned:
            self.wanting.setdefault(self.identify(each), []).append((each, candidate))
        if candidate.extras:
            owned.append(Requirement(f"{candidate.name}=={candidate.version}"))
        return owned


class _Surroundings:
    """The installed distributions that an upgrade leaves alone, and their requirements.

    Args:
        upgraded: The distributions of the upgrade.
    """

    def __init__(self, upgraded: frozenset[str]) -> None:
        self._upgraded = upgraded
        self._versions: dict[str, str] = {}
        self._required: dict[str, SpecifierSet] = {}
        for each in distributions():
            name = canonicalize_name(each.name)
            self._versions[name] = each.version
            if name not in upgraded:
                for requirement in _read_installed(each):
                    key = canonicalize_name(requirement.name)
                    self._required[key] = (
                        self._required.get(key, SpecifierSet()) & requirement.specifier
                    )

    def accepts(self, name: str, version: Version, requires: Sequence[str]) -> bool:
        """Whether a version fits what is installed and stays, in both directions."""
        if not self._required.get(name, SpecifierSet()).contains(version, prereleases=True):
            return False
        return all(
            each.specifier.contains(self._versions[key], prereleases=True)
            for each in read_requirements(requires, (), f"{name} {version}")
            if (key := canonicalize_name(each.name)) in self._versions and key not in self._upgraded
        )


def _read_installed(installed: Distribution) -> list[Requirement]:
    try:
        return read_requirements(installed.requires or (), (), installed.name)
    except SiteFormatError:  # its metadata is nothing that a registry signed
        return []


def _find_installed(name: str) -> Distribution | None:
    try:
        found = distribution(name)
        Version(found.version)
    except (PackageNotFoundError, InvalidVersion, TypeError):
        return None
    return found


def _join(specifiers: Iterable[SpecifierSet]) -> SpecifierSet:
    return reduce(lambda left, right: left & right, specifiers, SpecifierSet())


def _explain(
    provider: _Provider, error: ResolutionImpossible[Requirement, Candidate]
) -> InstallationError:
    causes = {
        (str(requirement), "" if parent is None else _show(parent)): requirement
        for cause in error.causes
        for requirement, parent in _find_causes(provider, (cause.requirement, cause.parent))
    }
    lines = [
        f"{owner} requires {text}" if owner else f"{text} is wanted"
        for text, owner in sorted(causes)
    ]
    versions = []
    for name in sorted({canonicalize_name(each.name) for each in causes.values()}):
        owned = provider.find_owner(name)
        if owned is not None:
            shown = ", ".join(each.version for each in owned.file.releases[:8]) or "none"
            versions.append(f"The registry {owned.registry.name!r} has {name} {shown}.")
            versions += list_passed_over(owned.file, "0")
    return InstallationError(
        f"no versions fit together here: {'; '.join(lines)}", hint="\n  ".join(versions)
    )


def _find_causes(provider: _Provider, cause: _Cause) -> list[_Cause]:
    """Return who wants an extra instead of the extra, which requires its own distribution."""
    requirement, parent = cause
    if parent is None or canonicalize_name(requirement.name) != parent.name:
        return [cause]
    return provider.wanting.get(provider.identify(parent), [cause])


def _show(candidate: Candidate) -> str:
    return f"{candidate.name} {candidate.version}"
