"""Finds installed plugins that have a newer version in a registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kplug_registry.client.installing import list_plugins
from kplug_registry.client.registries import Registries
from kplug_registry.client.resolver import resolve_upgrades


@dataclass(frozen=True)
class Outdated:
    """An installed plugin that should change.

    Args:
        distribution: The normalised name.
        installed: The version that is here.
        newest: The newest version that fits this environment and what is installed; None if there is none.
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
    plugins = dict(sorted(list_plugins(), key=lambda pair: pair[0]))
    owned = {name: found for name in plugins if (found := registries.find_owner(name)) is not None}
    upgrades = resolve_upgrades(registries, owned)
    for name, owner in owned.items():
        installed = plugins[name].version
        reasons = {each.version: each.yanked for each in owner.file.releases}
        yanked = reasons.get(installed)
        newest = upgrades[name].version if name in upgrades else None
        if yanked is not None or newest is not None:
            yield Outdated(name, installed, newest, owner.registry.name, yanked)
