"""``search/``: one small file for each word, so that a search of a few words reads a few files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kplug import lookup_key
from kplug_registry.building.prefix_files import add_word
from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import (
    MOST_HITS,
    DistributionFile,
    Release,
    SearchFile,
    SearchHit,
    find_current,
    search_words,
    to_json,
    word_path,
)


def list_hits(distribution: DistributionFile) -> Iterator[tuple[str, SearchHit]]:
    """Yield each word by which a component of the current release is found, with the hit."""
    current = find_current(distribution)
    if current is not None:
        yield from _list_hits(distribution.name, current)


def update_search(view: SiteView, before: DistributionFile, after: DistributionFile) -> None:
    """Change the files of the words of a distribution from what they said of it to what they have to say."""
    for word, hit in list_hits(before):
        _open(view, word).remove(hit)
    for word, hit in list_hits(after):
        _open(view, word).add(hit)


def sort_hits(word: str, hits: Iterable[SearchHit]) -> list[SearchHit]:
    """Return the hits of a word, those with the word in the name first."""
    return sorted(hits, key=lambda hit: (word not in search_words(hit.name), _identify(hit)))


class _Word:
    """The hits of a word while a site changes; called at the end, it returns the word's file."""

    def __init__(self, word: str, found: SearchFile | None) -> None:
        self.word = word
        self.hits = {_identify(hit): hit for hit in found.hits} if found else {}

    def add(self, hit: SearchHit) -> None:
        self.hits[_identify(hit)] = hit

    def remove(self, hit: SearchHit) -> None:
        self.hits.pop(_identify(hit), None)

    def __call__(self) -> bytes:
        hits = sort_hits(self.word, self.hits.values())[:MOST_HITS]
        return to_json(SearchFile(self.word, tuple(hits))).encode()


def _open(view: SiteView, word: str) -> _Word:
    path = word_path(word)
    found = view.find_later(path)
    if not isinstance(found, _Word):
        there = view.find(SearchFile, path)
        if there is None:
            add_word(view, word)
        found = _Word(word, there)
        view.write_later(path, found)
    return found


def _identify(hit: SearchHit) -> tuple[str, str, str]:
    return hit.kind, lookup_key(hit.name), hit.distribution


def _list_hits(distribution: str, release: Release) -> Iterator[tuple[str, SearchHit]]:
    for entry in release.components:
        hit = SearchHit(
            entry.kind,
            entry.name,
            distribution,
            release.version,
            entry.summary,
            entry.is_qualified_only,
        )
        texts = (entry.name, *entry.aliases, distribution, entry.summary)
        for word in dict.fromkeys(word for text in texts for word in search_words(text)):
            yield word, hit
