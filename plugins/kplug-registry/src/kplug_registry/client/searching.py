"""Searches all registries for words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kplug import lookup_key
from kplug_registry.client.name_lookup import Reader
from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.errors import UnreachableSiteError
from kplug_registry.site_format import (
    LEVELS,
    DistributionFile,
    PrefixFile,
    SearchFile,
    SearchHit,
    distribution_path,
    list_prefixes,
    prefix_path,
    search_path,
    search_words,
    word_path,
)

ORDERS = ("match", "score", "newest", "name")
LEAST_LIKENESS = 0.7  # of a word to the one that was meant, as difflib measures it
_MOST_LONGER_WORDS = 24  # completions of a prefix


@dataclass(frozen=True)
class Filters:
    """What is wanted of components that are found; an empty text is for all.

    Args:
        kind: The singular name of the kind.
        level: The level, or a better one: one of `LEVELS`.
        lifecycle: The stage.
        licence: One of `LICENCES`.
    """

    kind: str = ""
    level: str = ""
    lifecycle: str = ""
    licence: str = ""

    def fit(self, hit: SearchHit) -> bool:
        """Whether a component is wanted."""
        return (
            self.kind in ("", hit.kind)
            and (not self.level or hit.level in self._list_levels())
            and self.lifecycle in ("", hit.lifecycle)
            and self.licence in ("", hit.licence)
        )

    def list_facets(self) -> list[str]:
        """Return the lists of the kind that have all that is wanted, as far as they have it."""
        facets = [f"level-{each}" for each in self._list_levels() if self.level]
        facets += [f"lifecycle-{self.lifecycle}"] * bool(self.lifecycle)
        facets += [f"licence-{self.licence}"] * bool(self.licence)
        return [f"{self.kind}.{each}" for each in facets or ["all"]]

    def _list_levels(self) -> tuple[str, ...]:
        return LEVELS[LEVELS.index(self.level) if self.level else 0 :]


ALL = Filters()


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
        suggestion: Where nothing was found, the nearest words that find something; empty without any.
    """

    found: tuple[Found, ...]
    refused: tuple[str, ...]
    unreachable: tuple[str, ...]
    suggestion: str = ""


def search(
    registries: Registries,
    text: str,
    filters: Filters = ALL,
    order: str = "match",
    *,
    is_offline: bool = False,
) -> Results:
    """Return the components that have every word of a text in their name, distribution or summary.

    A word that a site lacks matches as a prefix. Without words, the lists of the kind are read.

    Args:
        registries: The registries to search.
        text: The words; empty for the components of a kind.
        filters: What is wanted of them.
        order: One of `ORDERS`.
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
            hits = _search_one(registry, text, filters, is_offline=is_offline)
        except UnreachableSiteError as error:
            unreachable.append(f"{registry.name}: {error.message}")
            hits, is_asked = _search_one(registry, text, filters, is_offline=True), False
        for hit in hits:
            owner = _find_earlier_owner(registries.items[:place], hit.distribution, is_asked)
            if owner is not None:
                refused[f"{hit.distribution} of {registry.name!r}: it belongs to {owner!r}"] = None
            elif filters.fit(hit):
                found.append(Found(hit, registry.name))
    if order == "name":
        found.sort(key=lambda each: lookup_key(each.hit.name))
    elif order == "newest":
        found.sort(key=lambda each: each.hit.since, reverse=True)
    elif order == "score":
        found.sort(key=lambda each: (-each.hit.score, each.hit.since))
    is_local = is_offline or bool(unreachable)
    suggestion = "" if found or refused else _suggest(registries, text, is_offline=is_local)
    return Results(tuple(found), tuple(refused), tuple(unreachable), suggestion)


def _search_one(
    registry: ConfiguredRegistry, text: str, filters: Filters = ALL, *, is_offline: bool
) -> list[SearchHit]:
    """Return the hits of one registry: those with more of the words in their name first, then by score.

    For one word, the order is that of its file. What is to go comes last.
    """
    if not text and filters.kind:
        read = registry.read_copy if is_offline else registry.fetch
        files = [read(SearchFile, word_path(each)) for each in filters.list_facets()]
        listed = list(dict.fromkeys(hit for file in files if file for hit in file.hits))
        if len(files) > 1:  # the one list is in its order
            listed.sort(key=lambda hit: (hit.lifecycle == "experimental", -hit.score, hit.since))
        return sorted(listed, key=lambda hit: hit.is_ending)
    words = _choose_words(text)
    hits = [_read_hits(registry, word, is_offline=is_offline) for word in words]
    if not hits:
        return []
    found = [hit for hit in hits[0] if all(hit in others for others in hits[1:])]
    if len(words) > 1:
        found.sort(key=lambda hit: (_count_unnamed(words, hit), -hit.score, hit.since))
    return sorted(found, key=lambda hit: hit.is_ending)


def _count_unnamed(words: Sequence[str], hit: SearchHit) -> int:
    named = search_words(hit.name)
    return sum(not any(own.startswith(word) for own in named) for word in words)


def _suggest(registries: Registries, text: str, *, is_offline: bool) -> str:
    """Return the text with the nearest words in place of unknown ones, if that finds something."""
    asked = [
        word for part in text.split() for word in search_words(part)[:-1] or search_words(part)
    ]
    for registry in registries:
        words = [_correct(registry, word, is_offline=is_offline) for word in asked]
        suggestion = " ".join(filter(None, words))
        is_other = None not in words and words != _choose_words(text)
        if is_other and _search_one(registry, suggestion, is_offline=is_offline):
            return suggestion
    return ""


def _correct(registry: ConfiguredRegistry, word: str, *, is_offline: bool) -> str | None:
    """Return a word that the registry has, or the nearest with the same first two characters."""
    if _read_hits(registry, word, is_offline=is_offline):
        return word
    read = registry.read_copy if is_offline else registry.fetch
    return next(iter(list_near_words(read, word, 1)), None)


def list_near_words(read: Reader, word: str, most: int) -> list[str]:
    """Return words of a registry like one, the nearest first, which begin with the same two characters."""
    files = (read(PrefixFile, prefix_path(prefix)) for prefix in list_prefixes(word))
    known = dict.fromkeys(each for file in files if file for each in file.words)
    return get_close_matches(word, known, most, LEAST_LIKENESS)


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
