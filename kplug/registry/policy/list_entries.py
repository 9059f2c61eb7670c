"""`Entry`: a distribution in a setting's list, with the versions and hashes that may load."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from kplug.registry.lifecycle import Stage

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_COMPONENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Installed:
    """The facts about an installed distribution that settings compare.

    Args:
        distribution: Its normalised name.
        version: Its version.
        find_hash: Returns the hash of its files; called if a setting names one. None if the files are not
            here yet, so that hashes are not checked.
        find_doubt: Returns why the running code may differ from its files, when code is loaded; empty
            without a doubt.
        find_stage: Returns its stage in its lifecycle; called if a setting asks for it. None if unknown.
        published: When it was published, in UTC, if it is to be installed and has to be old enough for that;
            None for what is here.
    """

    distribution: str
    version: str = ""
    find_hash: Callable[[], str | None] | None = lambda: None
    find_doubt: Callable[[], str] = lambda: ""
    find_stage: Callable[[], Stage | None] = lambda: None
    published: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list.

    Args:
        distribution: The normalised name.
        component: The preferred component; empty for all.
        versions: The versions that may load; None for all.
        hashes: The hashes of ``hash_distribution`` that may load; empty for all.
    """

    distribution: str
    component: str = ""
    versions: SpecifierSet | None = None
    hashes: tuple[str, ...] = ()

    @property
    def is_pinned(self) -> bool:
        """Whether only one version or only known files may load."""
        exact = ("==", "===")
        versions = self.versions or ()
        has_version = any(v.operator in exact and not v.version.endswith(".*") for v in versions)
        return has_version or bool(self.hashes)

    def find_mismatch(self, installed: Installed) -> str | None:
        """Return what keeps the installed distribution from loading, or None."""
        if self.versions is not None and not _contains(self.versions, installed.version):
            return f"asks for {self.versions}"
        if not self.hashes or installed.find_hash is None:
            return None
        if (found := installed.find_hash()) in self.hashes:
            return None
        doubt = f": {reason}" if (reason := installed.find_doubt()) else ""
        return (
            f"does not name its hash, {found}" if found else f"names a hash, and it has none{doubt}"
        )

    def __str__(self) -> str:
        component = f"/{self.component}" if self.component else ""
        hashes = "".join(f" --hash={known}" for known in self.hashes)
        return f"{self.distribution}{component}{self.versions or ''}{hashes}"


def parse_distribution(text: str) -> Entry | None:
    """Read the name of a distribution; None if it is invalid, as the other readers of entries do."""
    return Entry(canonicalize_name(text)) if _DISTRIBUTION.fullmatch(text) else None


def parse_preference(text: str) -> Entry | None:
    """Read ``distribution`` or ``distribution/name``."""
    distribution, slash, component = text.partition("/")
    entry = parse_distribution(distribution)
    if entry is None or not slash:
        return entry
    return replace(entry, component=component) if _COMPONENT.fullmatch(component) else None


def parse_requirement(text: str) -> Entry | None:
    """Read the name of a distribution, with versions and hashes if there are any."""
    return parse_distribution(text) or _parse_requirement(text)


def _parse_requirement(text: str) -> Entry | None:
    from packaging.requirements import Requirement  # few lists have versions, and it takes 8 ms

    text, *hashes = re.split(r"\s+--hash=", text.strip())
    try:
        found = Requirement(text)
        found.specifier.contains("0")  # some invalid versions fail only on comparison
    except ValueError:
        return None
    if found.url or found.extras or found.marker or not all(map(_HASH.fullmatch, hashes)):
        return None
    return Entry(canonicalize_name(found.name), "", found.specifier or None, tuple(sorted(hashes)))


def _contains(versions: SpecifierSet, version: str) -> bool:
    try:
        return versions.contains(version, prereleases=True)  # an installed prerelease is wanted
    except ValueError:  # invalid metadata
        return False
