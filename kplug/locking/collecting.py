"""Collects the packages of the components in use into a lock, from what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kplug.errors import LockError
from kplug.locking.install_source import read_install_source
from kplug.locking.lock_file import Lock, LockedPackage
from kplug.registry import KINDS, REGISTRY, Component, Resolved, resolve
from kplug.registry.component import BUILT_IN, CUSTOM
from kplug.registry.loading.running_builds import Build, find_build_here
from kplug.registry.quoting import quote

# The used components of each distribution; for the user's own code, their names.
_Used = dict[str, set[str]]


def lock_environment(*, allow_unlocked: bool = False) -> Lock:
    """Return the lock of kplug, of torch, and of every installed plugin that may load.

    Args:
        allow_unlocked: Also lock packages that cannot be installed again.

    Raises:
        LockError: A plugin is an editable install without a commit.
    """
    plugins = [item.origin for item in REGISTRY.state.discovery.suppliers]
    used: _Used = {origin.distribution: set() for origin in plugins if not origin.is_built_in}
    for kind in KINDS.values():
        for component in REGISTRY.index(kind).components:
            _note_use(used, component)
    return _lock(used, allow_unlocked)


def lock_specs(specs: Iterable[str], *, allow_unlocked: bool = False) -> Lock:
    """Return the lock of the components of some specs, including nested ones.

    Args:
        specs: ``kind:spec``, such as ``loss:dice_loss(smooth=1.0)``. Each is built, as ``compile`` would.
        allow_unlocked: Also lock packages that cannot be installed again.

    Raises:
        LockError: A spec has no kind, or its plugin is an editable install without a commit.
        ResolutionError: A spec means no component.
    """
    used: _Used = {}
    for text in specs:
        kind, colon, spec = text.partition(":")
        if not colon:
            raise LockError(
                f"{quote(text)} does not say of which kind it is",
                hint="Write it as 'loss:dice_loss'.",
            )
        _note_resolved(used, resolve(kind.strip(), spec.strip()))
    return _lock(used, allow_unlocked)


def lock_rows(
    rows: Iterable[Mapping[str, Any]], own: Iterable[str] = (), *, allow_unlocked: bool = False
) -> Lock:
    """Return the lock of a model's component table.

    Args:
        rows: The table; its packages have to be installed here, in the same builds.
        own: Names of the user's code that the table does not list.
        allow_unlocked: Also lock packages that cannot be installed again.

    Raises:
        LockError: The model has code of the user's own, or a plugin is an editable install without a commit.
    """
    used: _Used = {CUSTOM: set(own)}
    for row in rows:
        distribution, kind = str(row.get("distribution")), KINDS.get(str(row.get("kind")))
        name = str(row.get("name")).rpartition("/")[2]
        used.setdefault(distribution, set())
        if isinstance(code := row.get("code"), dict):  # code owned by another distribution
            used.setdefault(str(code.get("distribution")), set())
        if distribution == CUSTOM:
            used[CUSTOM].add(name)
        elif kind is not None:
            component = REGISTRY.index(kind).find_qualified(distribution, name)
            if component is not None:
                _note_use(used, component)
    return _lock(used, allow_unlocked)


def _note_resolved(used: _Used, resolved: Resolved) -> None:
    _note_use(used, resolved.component)
    for part in resolved.parts.values():
        _note_resolved(used, part)
    for slot in getattr(resolved.object, "slots", {}).values():  # of a layer
        if (found := slot.find_resolved()) is not None:
            _note_resolved(used, found)


def _note_use(used: _Used, component: Component) -> None:
    if component.origin.is_built_in:  # in every lock, and no other has their names (D5)
        return
    names = used.setdefault(component.origin.distribution, set())
    if component.origin.is_custom:
        names.add(component.name)
    elif not component.is_qualified_only:
        names.update(f"{component.kind} {name}" for name in (component.name, *component.aliases))


def _lock(used: _Used, allow_unlocked: bool) -> Lock:
    own = sorted(f"{CUSTOM}/{name}" for name in used.pop(CUSTOM, ()))
    names = sorted({*BUILT_IN, *used})
    builds = {name: _require_build(name) for name in names}
    packages = [_lock_package(name, build, used.get(name, set())) for name, build in builds.items()]
    problems = [f"{name} is code of your own, which no package supplies" for name in own]
    problems += [
        f"{package} is an editable install {package.source.obstacle}"
        for package in packages
        if package.source.obstacle
    ]
    problems += [
        f"{package} has no hash: {builds[package.name].doubt}"
        for package in packages
        if not (package.hash or package.source.is_editable)
    ]
    if problems and not allow_unlocked:
        raise LockError(
            "there is something that a lock could not bring back:\n  " + "\n  ".join(problems),
            hint="Put your code into a plugin and commit it, or pass --allow-unlocked to lock the rest.",
        )
    return Lock(tuple(packages), tuple(own))


def _require_build(name: str) -> Build:
    build = find_build_here(name)
    if build is None or not build.version:
        raise LockError(
            f"{quote(name)} is not installed here, so there is nothing to lock",
            hint="Lock the model where it was made.",
        )
    return build


def _lock_package(name: str, build: Build, components: set[str]) -> LockedPackage:
    return LockedPackage(
        name, build.version, build.hash or "", read_install_source(name), tuple(sorted(components))
    )
