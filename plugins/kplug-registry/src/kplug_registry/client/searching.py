"""Searches all registries for words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.errors import UnreachableSiteError
from kplug_registry.site_format import (
    DistributionFile,
    PrefixFile,
    SearchFile,
    SearchHit,
    distribution_path,
    prefix_path,
    search_path,
    search_words,
)

_MOST_LONGER_WORDS = 24  # completions of a prefix


@dataclass(frozen=True)
class Found:
    """A component that a search found.

    Args:
        hit: What it is.
        registry: The registry that its distribution belongs to.
    """

    hit: SearchHit
    registry: str


@dataclass(frozen=True)
class Results:
    """The results of a search.

    Args:
        found: The components, in the order of the registries.
        refused: Distributions of a registry that belong to an earlier one, each with a sentence.
        unreachable: Errors of registries that do not answer; their copies were searched.
    """

    found: tuple[Found, ...]
    refused: tuple[str, ...]
    unreachable: tuple[str, ...]


def search(
    registries: Registries, text: str, kind: str | None = None, *, is_offline: bool = False
) -> Results:
    """Return the components that have every word of a text in their name, distribution or summary.

    A word that a site lacks matches as a prefix.

    Args:
        registries: The registries to search.
        text: The words.
        kind: The requested kind; None for all.
        is_offline: Whether only the copies on this machine are searched.

    Raises:
        TrustError: if a registry is not what was signed.
    """
    found: list[Found] = []
    refused: dict[str, None] = {}
    unreachable: list[str] = []
    for place, registry in enumerate(registries):
        is_asked = not is_offline
        try:
            hits = _search_one(registry, text, is_offline=is_offline)
        except UnreachableSiteError as error:
            unreachable.append(f"{registry.name}: {error.message}")
            hits, is_asked = _search_one(registry, text, is_offline=True), False
        for hit in hits:
            owner = _find_earlier_owner(registries.items[:place], hit.distribution, is_asked)
            if owner is not None:
                refused[f"{hit.distribution} of {registry.name!r}: it belongs to {owner!r}"] = None
            elif kind in (None, hit.kind):
                found.append(Found(hit, registry.name))
    return Results(tuple(found), tuple(refused), tuple(unreachable))


def _search_one(registry: ConfiguredRegistry, text: str, *, is_offline: bool) -> list[SearchHit]:
    """Return the hits of one registry, in the order of the first word's file."""
    hits = [_read_hits(registry, word, is_offline=is_offline) for word in _choose_words(text)]
    if not hits:
        return []
    return [hit for hit in hits[0] if all(hit in others for others in hits[1:])]


def _read_hits(registry: ConfiguredRegistry, word: str, *, is_offline: bool) -> Sequence[SearchHit]:
    """Return the hits of a word, or of its completions if the site lacks it."""
    read = registry.read_copy if is_offline else registry.fetch
    file = read(SearchFile, search_path(word))
    if file is not None:
        return file.hits
    listed = read(PrefixFile, prefix_path(word)) if len(word) > 1 else None
    longer = [each for each in listed.words if each.startswith(word)] if listed else []
    files = [read(SearchFile, search_path(each)) for each in longer[:_MOST_LONGER_WORDS]]
    return list(dict.fromkeys(hit for one in files if one for hit in one.hits))


def _choose_words(text: str) -> list[str]:
    """Return the words to find; for a name, only the whole name."""
    words: list[str] = []
    for part in text.split():
        words += search_words(part)[-1:]  # "dice_loss" is searched as "diceloss"
    return words


def _find_earlier_owner(
    earlier: Sequence[ConfiguredRegistry], distribution: str, is_asked: bool
) -> str | None:
    path = distribution_path(distribution)
    for registry in earlier:
        read = registry.fetch if is_asked else registry.read_copy
        try:
            is_owner = read(DistributionFile, path) is not None
        except UnreachableSiteError:
            is_owner = registry.read_copy(DistributionFile, path) is not None
        if is_owner:
            return registry.name
    return None
