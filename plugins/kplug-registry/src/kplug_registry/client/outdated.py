"""Finds installed plugins that have a newer version in a registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from kplug_registry.client.dependency_resolution import choose_release
from kplug_registry.client.installing import list_plugins
from kplug_registry.client.registries import Registries


@dataclass(frozen=True)
class Outdated:
    """An installed plugin that should change.

    Args:
        distribution: The normalised name.
        installed: The version that is here.
        newest: The newest version that fits this environment; None if all are withdrawn.
        registry: Its registry.
        yanked: Why the installed version was withdrawn, or None.
    """

    distribution: str
    installed: str
    newest: str | None
    registry: str
    yanked: str | None


def list_outdated(registries: Registries) -> Iterator[Outdated]:
    """Yield the installed plugins of which a newer version can be had, or whose own was withdrawn.

    Raises:
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    for name, plugin in sorted(list_plugins(), key=lambda pair: pair[0]):
        owned = registries.find_owner(name)
        if owned is None:
            continue
        release = choose_release(owned.file.releases, SpecifierSet(), name)
        newest = release.version if release else None
        reasons = {each.version: each.yanked for each in owned.file.releases}
        yanked = reasons.get(plugin.version)
        if yanked is not None or (newest is not None and _is_newer(newest, plugin.version)):
            yield Outdated(name, plugin.version, newest, owned.registry.name, yanked)


def _is_newer(version: str, installed: str) -> bool:
    try:
        return Version(version) > Version(installed)
    except InvalidVersion:  # invalid metadata
        return True
