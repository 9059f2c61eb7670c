"""Finds packages that offer an unknown name, in the copies of registries on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TypeVar

from kplug import Package, lookup_key
from kplug_registry.client.name_lookup import (
    Reader,
    list_hits,
    list_offers_of_any_kind,
    list_offers_of_kind,
)
from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.errors import RegistryError
from kplug_registry.site_format import Offer, SearchHit, search_words

Noun = TypeVar("Noun")


def list_offers(
    registries: Registries, kind: str, name: str, distribution: str | None = None
) -> list[Package]:
    """Return the distributions that offer a name, those of the first registry first.

    No request is made, unless the setting of a registry says ``online = true``.

    Args:
        registries: The registries to search.
        kind: The requested kind; any if empty.
        name: The name, which may come from a file.
        distribution: The only distribution to consider, or None.
    """
    versions: dict[str, str] = {}  # empty where only a search was copied
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
    """Yield distributions with their versions; a bare name skips qualified-only offers."""
    read = _choose_reader(registry)
    found: list[Offer] | list[SearchHit] = [
        *(
            list_offers_of_kind(read, kind, name)
            if kind
            else list_offers_of_any_kind(registry.read_copy, name)
        )
    ]
    if not found:  # a search may have copied only this file
        hits = (hit for word in search_words(name) for hit in list_hits(registry.read_copy, word))
        found = [hit for hit in hits if _is_named(hit, kind, name)]
    for each in found:
        if is_qualified or not each.is_qualified_only:
            yield each.distribution, each.version if isinstance(each, Offer) else ""


def _is_named(hit: SearchHit, kind: str, name: str) -> bool:
    return kind in ("", hit.kind) and lookup_key(hit.name) == lookup_key(name)


def _choose_reader(registry: ConfiguredRegistry) -> Reader:
    """Return a reader that asks an online registry, and falls back to the local copy."""

    def read(noun: type[Noun], path: str) -> Noun | None:
        if registry.is_online:
            with suppress(RegistryError):  # an error of the network must not hide the message
                return registry.fetch(noun, path)
        return registry.read_copy(noun, path)

    return read
