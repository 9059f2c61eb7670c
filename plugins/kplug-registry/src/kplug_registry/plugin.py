"""Hooks of this distribution: names only, so that other commands do not wait for it."""

from __future__ import annotations

from collections.abc import Sequence

from kplug import Component, Finding, Package, PublishedVersion, Section, hookimpl


@hookimpl
def kplug_commands() -> dict[str, Component]:
    """Return the commands."""
    return {
        name: Component(name, f"kplug_registry.commands.{name}:{name}", summary=summary)
        for name, summary in _COMMANDS.items()
    }


@hookimpl
def kplug_offers(kind: str, name: str, distribution: str | None) -> Sequence[Package]:
    """Return packages that offer a name, according to the local copies of registries."""
    from kplug_registry.client.configured_registries import open_registries
    from kplug_registry.client.offers import list_offers  # imported on demand

    return list_offers(open_registries(), kind, name, distribution)


@hookimpl
def kplug_archives(distribution: str, version: str, archive_hash: str) -> Sequence[str]:
    """Return where the registries have the wheel with a hash."""
    from kplug_registry.client.archives import list_archives
    from kplug_registry.client.configured_registries import open_registries  # imported on demand

    sha256 = archive_hash.removeprefix("sha256:")
    return list(list_archives(open_registries(), distribution, version, sha256))


@hookimpl
def kplug_provenance(distribution: str, version: str) -> Sequence[str]:
    """Return who published and attests an installed version, according to the local copies."""
    from kplug_registry.client.configured_registries import open_registries
    from kplug_registry.client.publisher_changes import list_provenance  # imported on demand

    return list(list_provenance(open_registries(), distribution, version))


@hookimpl
def kplug_versions(distribution: str) -> Sequence[PublishedVersion]:
    """Return the versions of a distribution in the registry that owns it."""
    from kplug_registry.client.configured_registries import open_registries
    from kplug_registry.client.published_versions import list_versions  # imported on demand

    return list(list_versions(open_registries(), distribution))


@hookimpl
def kplug_findings() -> Sequence[Finding]:
    """Return the findings about files of plugins that reach beyond their own packages."""
    from kplug_registry.placement.installed_plugins import (
        find_foreign_installed,  # for `kplug doctor` alone
    )

    return list(find_foreign_installed())


@hookimpl
def kplug_environment() -> Sequence[Section]:
    """Return the registries of the settings."""
    from kplug_registry.client.settings import read_registries  # imported on demand

    settings = read_registries()
    if not settings:
        return []
    from kplug_registry.client.env_section import describe_registries

    return [describe_registries(settings)]


_COMMANDS = {
    "index": "Build and check the site of a registry.",
    "facts": "Write what an author states about a wheel, for a registry.",
    "publish": "Add wheels to a registry.",
    "yank": "Withdraw a release from a registry.",
    "recall": "Recall a release: it is neither installed nor loaded.",
    "advise": "Say what is to be known about releases.",
    "attest": "Enter results of the contract suite that the registry got itself.",
    "owner": "Say who may publish a distribution.",
    "names": "Say which new names a registry takes.",
    "serve": "Serve a registry over HTTP, and take uploads.",
    "token": "Say who may change what at a server, and list what was changed.",
    "registry": "Say which registries a project uses, and mirror one.",
    "search": "Search the registries for components that are not here yet.",
    "fetch": "Keep what the registries offer on this machine, for work without a network.",
    "install": "Install a component's distribution from the registries.",
    "uninstall": "Uninstall a plugin.",
    "trust": "Make the keys of a site, sign it, renew it, change its keys.",
    "outdated": "List installed plugins that the registries have in a newer version.",
}
