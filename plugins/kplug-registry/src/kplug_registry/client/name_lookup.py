"""Looks up the distributions that offer a name or alias, in the files of one registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

from kplug import lookup_key
from kplug_registry.errors import SiteFormatError
from kplug_registry.site_format import (
    ComponentFile,
    Offer,
    SearchFile,
    SearchHit,
    component_path,
    search_path,
)

Noun = TypeVar("Noun")


class Reader(Protocol):
    """Reads a file of a registry, over the network or from the local copy; None if there is none."""

    def __call__(self, noun: type[Noun], path: str) -> Noun | None:
        """Return the noun in a file, or None if there is none."""


def list_offers_of_kind(read: Reader, kind: str, name: str) -> Iterator[Offer]:
    """Yield the offers of a name of one kind that are not withdrawn."""
    try:
        file = read(ComponentFile, component_path(kind, name))
    except SiteFormatError:  # an invalid name
        return
    yield from (offer for offer in file.offers if offer.yanked is None) if file else ()


def list_offers_of_any_kind(read: Reader, name: str) -> Iterator[Offer]:
    """Yield the offers of a name of every kind that are not withdrawn."""
    for kind in dict.fromkeys(hit.kind for hit in list_hits(read, lookup_key(name))):
        yield from list_offers_of_kind(read, kind, name)


def list_hits(read: Reader, word: str) -> tuple[SearchHit, ...]:
    """Return the hits of a word; empty if the word is too long."""
    try:
        file = read(SearchFile, search_path(word))
    except SiteFormatError:
        return ()
    return file.hits if file else ()
