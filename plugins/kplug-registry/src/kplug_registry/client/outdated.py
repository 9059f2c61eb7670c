"""Finds installed plugins that have a newer version in a registry, and plans their upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from kplug import Verdict
from kplug.commands import find_changes
from kplug_registry.client.installation_plan import Installation, plan_installation
from kplug_registry.client.installing import list_plugins
from kplug_registry.client.published_versions import describe_version
from kplug_registry.client.publisher_changes import list_publisher_changes
from kplug_registry.client.registries import Registries
from kplug_registry.client.release_ages import list_passed_over
from kplug_registry.client.resolver import resolve_upgrades
from kplug_registry.errors import InstallationError


@dataclass(frozen=True)
class Outdated:
    """An installed plugin that should change.

    Args:
        distribution: The normalised name.
        installed: The version that is here.
        newest: The newest version that fits this environment and what is installed; None if there is none.
        registry: Its registry.
        yanked: Why the installed version was withdrawn, or None.
        changes: What the newest version computes, a verdict for each component that is here.
        passed_over: A sentence for each newer version that is too young.
        publisher_changes: A sentence for each change of publisher and owners up to the newest version.
    """

    distribution: str
    installed: str
    newest: str | None
    registry: str
    yanked: str | None
    changes: tuple[Verdict, ...] = ()
    passed_over: tuple[str, ...] = ()
    publisher_changes: tuple[str, ...] = ()


def list_outdated(registries: Registries) -> Iterator[Outdated]:
    """Yield the installed plugins of which there is a newer version, or whose own was withdrawn.

    What a version changes takes one request, or none if its numbers are those that are here.

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
        newest = upgrades.get(name)
        shown = newest.version if newest else installed
        passed_over = tuple(list_passed_over(owner.file, shown))
        if newest is not None:
            changes = find_changes(name, describe_version(owner.registry, name, newest))
            facts = newest.version, owner.registry.name, yanked, tuple(changes), passed_over
            publishers = tuple(list_publisher_changes(owner.file, newest, installed))
            yield Outdated(name, installed, *facts, publishers)
        elif yanked is not None or passed_over:
            yield Outdated(name, installed, None, owner.registry.name, yanked, (), passed_over)


def plan_upgrade(registries: Registries, wanted: Sequence[str]) -> list[Installation]:
    """Return the wheels of newer versions of installed plugins that break nothing that is installed.

    Args:
        registries: The registries.
        wanted: The plugins; all if there are none.

    Raises:
        InstallationError: if one is not installed, or no registry has it.
        TrustError: if a registry is not what was signed.
        UnreachableSiteError: if one does not answer.
    """
    plugins = {name for name, _ in list_plugins()}
    names: list[str] = [canonicalize_name(each) for each in wanted] or sorted(plugins)
    for name in names:
        if name not in plugins:
            raise InstallationError(
                f"no installed plugin is named {name[:80]!r}, so there is nothing to upgrade",
                hint="`kplug list` shows what is installed, and `kplug install NAME` installs the rest.",
            )
    owned = [name for name in names if registries.find_owner(name) is not None]
    if wanted and (missing := next((name for name in names if name not in owned), None)):
        raise InstallationError(
            f"no registry has a distribution {missing[:80]!r}, so none has a newer version",
            hint="It is upgraded as it was installed, by pip or uv. `kplug env` shows the registries.",
        )
    # What they require breaks nothing either, in these versions.
    newest = resolve_upgrades(registries, owned)
    pinned = [f"{name}=={release.version}" for name, release in newest.items()]
    return plan_installation(registries, pinned) if pinned else []
