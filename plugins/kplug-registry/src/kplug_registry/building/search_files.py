"""``search/``: one small file for each word, so that a search of a few words reads a few files."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Set
from functools import partial

from kplug import lookup_key
from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import (
    MOST_HITS,
    DistributionFile,
    Release,
    SearchFile,
    SearchHit,
    find_current,
    search_path,
    search_words,
)


def list_hits(distribution: DistributionFile) -> Iterator[tuple[str, SearchHit]]:
    """Yield each word by which a component of the current release is found, with the hit."""
    current = find_current(distribution)
    if current is not None:
        yield from _list_hits(distribution.name, current)


def update_search(view: SiteView, before: DistributionFile, after: DistributionFile) -> None:
    """Change the files of the words of a distribution from what they said of it to what they have to say."""
    old, new = set(list_hits(before)), set(list_hits(after))
    gone, come = _by_word(old - new), _by_word(new - old)
    for word in sorted(gone.keys() | come.keys()):
        path = search_path(word)
        found = view.find(SearchFile, path)
        hits = [] if found is None else [hit for hit in found.hits if hit not in gone[word]]
        for hit in come[word]:
            insort(hits, hit, key=partial(_rank, word))
        view.write_noun(path, SearchFile(word, tuple(hits[:MOST_HITS])))


def sort_hits(word: str, hits: list[SearchHit]) -> list[SearchHit]:
    """Return the hits of a word, those with the word in the name first."""
    return sorted(hits, key=partial(_rank, word))


def _rank(word: str, hit: SearchHit) -> tuple[bool, str, str, str]:
    is_in_name = word in search_words(hit.name)
    return (not is_in_name, hit.kind, lookup_key(hit.name), hit.distribution)


def _by_word(hits: Set[tuple[str, SearchHit]]) -> dict[str, list[SearchHit]]:
    found: dict[str, list[SearchHit]] = defaultdict(list)
    for word, hit in hits:
        found[word].append(hit)
    return found


def _list_hits(distribution: str, release: Release) -> Iterator[tuple[str, SearchHit]]:
    for entry in release.components:
        hit = SearchHit(entry.kind, entry.name, distribution, release.version, entry.summary)
        texts = (entry.name, *entry.aliases, distribution, entry.summary)
        for word in dict.fromkeys(word for text in texts for word in search_words(text)):
            yield word, hit
