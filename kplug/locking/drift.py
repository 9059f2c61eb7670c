"""Compares an installation with a lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from kplug.errors import LockError
from kplug.locking.install_source import read_install_source
from kplug.locking.lock_file import Lock, LockedPackage
from kplug.registry import KINDS, REGISTRY, Component
from kplug.registry.candidates.conflicts import decide
from kplug.registry.candidates.index import Index
from kplug.registry.loading.running_builds import Build, find_build_here, find_replacement
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.quoting import shorten

DriftKind = Literal["missing", "version", "hash", "commit", "off", "extra"]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between an installation and a lock.

    Args:
        kind: The kind of difference.
        package: The distribution.
        message: The difference in one sentence.
    """

    kind: DriftKind
    package: str
    message: str

    def __str__(self) -> str:
        return self.message


def find_drift(lock: Lock) -> list[Drift]:
    """Return the differences between the installation and a lock, in the order of the lock.

    Modules of hooks are imported, as for ``kplug list``.
    """
    if REGISTRY.is_stale():
        REGISTRY.refresh()
    found = [drift for package in lock.packages if (drift := _compare(package)) is not None]
    return [*found, *_find_extras(lock)]


def check_lock(lock: Lock, used: Iterable[str] = ()) -> None:
    """Refuse an installation that differs from a lock.

    Args:
        lock: The lock.
        used: Names of distributions that the lock has to name.

    Raises:
        LockError: Something differs; its ``drift`` has every difference.
    """
    drift = find_drift(lock)
    locked = {package.name for package in lock.packages}
    unnamed = [f"{name} is not in the lock" for name in sorted({*used} - locked)]
    if drift or unnamed:
        sentences = "\n  ".join([*map(str, drift), *unnamed])
        raise LockError(
            f"what is installed differs from the lock:\n  {sentences}",
            hint="`kplug sync` installs what is locked; `kplug lock` locks what is installed.",
            drift=tuple(drift),
        )


def _compare(package: LockedPackage) -> Drift | None:
    here = find_build_here(package.name)
    if here is None or not here.version:
        supplies = f", which supplies {name_components(package)}," if package.components else ""
        return Drift("missing", package.name, f"{package}{supplies} is not installed")
    refused = REGISTRY.state.discovery.refused.get(package.name)
    if refused is not None:
        return Drift("off", package.name, f"{package} is switched off: {refused[1]}")
    if here.version != package.version:
        return Drift(
            "version",
            package.name,
            f"{package.name} was locked at {package.version}, here is {here.version}{_note(package)}",
        )
    return _compare_code(package, here)


def _compare_code(package: LockedPackage, here: Build) -> Drift | None:
    locked, source = package.source.commit, read_install_source(package.name)
    if locked and (source.is_editable or source.commit) and source.commit != locked:
        shown = f"commit {source.commit}" if source.commit else f"a working copy {source.obstacle}"
        return Drift(
            "commit", package.name, f"{package} was locked at commit {locked}, here is {shown}"
        )
    is_same_commit = bool(locked) and source.commit == locked
    # A working copy and a wheel of the same commit have different kinds of hash.
    is_comparable = package.source.is_editable == source.is_editable or not is_same_commit
    if package.hash and is_comparable and package.hash != here.hash:
        other = f"cannot be vouched for: {here.doubt}"
        if here.hash is not None:
            other = f"has other code here under the same version{_note(package)}"
        return Drift("hash", package.name, f"{package} {other}")
    return None


def _note(package: LockedPackage) -> str:
    replacement = find_replacement(package.name)
    return f" ({replacement})" if replacement else ""


def _find_extras(lock: Lock) -> Iterator[Drift]:
    """Yield unlocked plugins that change the meaning of a bare name."""
    locked = {package.name for package in lock.packages}
    owners = {_key(text): package.name for package in lock.packages for text in package.components}
    for kind in KINDS.values():
        index = REGISTRY.index(kind)
        for component in index.components:
            origin = component.origin
            if origin.is_built_in or origin.distribution in locked:
                continue
            for name in (component.name, *component.aliases):
                rival = _find_rival(index, name, component, owners)
                if rival:
                    message = f"offers the {kind.name} {name!r} of {rival}"
                    yield Drift(
                        "extra", origin.distribution, f"{origin}, which is not locked, {message}"
                    )


def _find_rival(
    index: Index, name: str, component: Component, owners: Mapping[tuple[str, str], str]
) -> str | None:
    """Return the owner of a locked name that a component takes over or makes ambiguous."""
    decision = decide(index, name, None, REGISTRY.state.policy.prefer)
    is_tied = decision.is_ambiguous and component in decision.candidates
    is_chosen = decision.choice is not None and decision.choice.component is component
    if not is_tied and not is_chosen:
        return None
    built_in = next((item for item in decision.named if item.origin.is_built_in), None)
    owner = owners.get((index.kind.name, lookup_key(name)))
    return owner or (built_in.origin.distribution if built_in is not None else None)


def _key(text: str) -> tuple[str, str]:
    kind, _, name = text.partition(" ")
    return kind, lookup_key(name)


def name_components(package: LockedPackage) -> str:
    """Return the components that a package supplies, for a message."""
    return shorten(", ".join(text.partition(" ")[2] for text in package.components))
