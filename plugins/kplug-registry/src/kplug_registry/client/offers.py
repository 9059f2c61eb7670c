"""Which packages offer a name, as far as this machine has seen: for the message about an unknown name."""

from __future__ import annotations

from collections.abc import Iterator

from kplug import Package, lookup_key
from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.errors import RegistryError, SiteFormatError
from kplug_registry.site_format import (
    ComponentFile,
    SearchFile,
    component_path,
    search_path,
    search_words,
)


def list_offers(
    registries: Registries, kind: str, name: str, distribution: str | None = None
) -> list[Package]:
    """Return the distributions that offer a name, those of the first registry first.

    No request is made, unless the setting of a registry says ``online = true``.

    Args:
        registries: Where to look.
        kind: The kind that is wanted; any if it is empty.
        name: The name, which may come from a file.
        distribution: The one distribution that is wanted, or None.
    """
    versions: dict[str, str] = {}
    for registry in registries:
        for offered, version in _list_of_one(registry, kind, name, distribution is not None):
            if distribution in (None, offered):
                versions.setdefault(offered, version)
    return [
        Package(offered, version, f"kplug install {offered}")
        for offered, version in versions.items()
    ]


def _list_of_one(
    registry: ConfiguredRegistry, kind: str, name: str, is_qualified: bool
) -> Iterator[tuple[str, str]]:
    """Yield distributions with their versions; a bare name leaves out those that offer it qualified alone."""
    try:
        path = component_path(kind or "any", name)
    except SiteFormatError:  # no component can have such a name
        return
    file = _read(registry, path) if kind else None
    if file is not None:
        offers = [
            offer
            for offer in file.offers
            if offer.yanked is None and (is_qualified or not offer.is_qualified_only)
        ]
        newest = {offer.distribution: offer.version for offer in reversed(offers)}
        yield from reversed(newest.items())
        return
    for word in search_words(name):
        found = registry.read_copy(SearchFile, search_path(word))
        for hit in found.hits if found else ():
            is_meant = is_qualified or not hit.is_qualified_only
            if is_meant and lookup_key(hit.name) == lookup_key(name) and kind in ("", hit.kind):
                yield hit.distribution, hit.version


def _read(registry: ConfiguredRegistry, path: str) -> ComponentFile | None:
    if registry.is_online:
        try:
            return registry.fetch(ComponentFile, path)
        except (
            RegistryError
        ):  # the message about the name is worth more than that about the network
            pass
    return registry.read_copy(ComponentFile, path)
