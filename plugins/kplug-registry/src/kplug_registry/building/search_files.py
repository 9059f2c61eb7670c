"""Generates ``search/``: an inverted index with one small file for each word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kplug import lookup_key
from kplug_registry.building.prefix_files import add_word
from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import (
    LONGEST_HIT_SUMMARY,
    MOST_HITS,
    ReleaseFile,
    SearchFile,
    SearchHit,
    search_words,
    to_json,
    word_path,
)

_Identity = tuple[str, str, str]  # kind, lookup key, distribution
_Rank = tuple[bool, _Identity]  # in the order of a file


def list_hits(current: ReleaseFile | None) -> Iterator[tuple[str, SearchHit]]:
    """Yield each word by which a component of a current release is found, with the hit."""
    for hit, words in _list_words(current):
        for word in words:
            yield word, hit


def update_search(view: SiteView, before: ReleaseFile | None, after: ReleaseFile | None) -> None:
    """Update the files of a distribution's words for another current release."""
    for hit, words in _list_words(before):
        identity = _identify(hit)
        for word in words:
            _open(view, word).remove(identity)
    for hit, words in _list_words(after):
        identity, named = _identify(hit), search_words(hit.name)
        for word in words:
            _open(view, word).add((word not in named, identity), hit)


def sort_hits(word: str, hits: Iterable[SearchHit]) -> list[SearchHit]:
    """Return the hits of a word, those with the word in the name first."""
    return sorted(hits, key=lambda hit: (word not in search_words(hit.name), _identify(hit)))


class _Word:
    """The hits of a word while a site changes, with some more than fit into its file."""

    def __init__(self, word: str, found: SearchFile | None) -> None:
        self._word = word
        self._hits: dict[_Identity, tuple[_Rank, SearchHit]] = {}
        self._last: _Rank | None = None  # the lowest rank in a full file
        for hit in found.hits if found else ():
            identity = _identify(hit)
            self._hits[identity] = (word not in search_words(hit.name), identity), hit

    def add(self, rank: _Rank, hit: SearchHit) -> None:
        self._hits.pop(rank[1], None)
        if self._last is None or rank < self._last:
            self._hits[rank[1]] = rank, hit
            if len(self._hits) == 2 * MOST_HITS:
                chosen = self._choose()
                self._hits = {rank[1]: (rank, hit) for rank, hit in chosen}
                self._last = chosen[-1][0]

    def remove(self, identity: _Identity) -> None:
        if self._hits.pop(identity, None):
            self._last = None

    def __call__(self) -> bytes:
        hits = tuple(hit for _, hit in self._choose())
        return to_json(SearchFile(self._word, hits)).encode()

    def __len__(self) -> int:
        return len(self._hits)

    def _choose(self) -> list[tuple[_Rank, SearchHit]]:
        return sorted(self._hits.values())[:MOST_HITS]  # no two have the same rank


def _open(view: SiteView, word: str) -> _Word:
    path = word_path(word)
    found = view.find_growing(path)
    if not isinstance(found, _Word):
        there = view.find(SearchFile, path)
        if there is None:
            add_word(view, word)
        found = _Word(word, there)
        view.write_growing(path, found)
    return found


def _cut(summary: str) -> str:
    is_long = len(summary) > LONGEST_HIT_SUMMARY
    return f"{summary[: LONGEST_HIT_SUMMARY - 1]}…" if is_long else summary


def _identify(hit: SearchHit) -> _Identity:
    return hit.kind, lookup_key(hit.name), hit.distribution


def _list_words(current: ReleaseFile | None) -> Iterator[tuple[SearchHit, Iterable[str]]]:
    """Yield the components of a release, each with its search words."""
    if current is None:
        return
    for entry in current.components:
        hit = SearchHit(
            entry.kind,
            entry.name,
            current.distribution,
            current.version,
            _cut(entry.summary),
            entry.is_qualified_only,
        )
        texts = (entry.name, *entry.aliases, current.distribution, entry.summary)
        yield hit, dict.fromkeys(word for text in texts for word in search_words(text))
