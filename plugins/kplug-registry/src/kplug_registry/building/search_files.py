"""Generates ``search/``: an inverted index with one small file for each word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice

from kplug import lookup_key
from kplug_registry.building.browsing import find_licence, list_facets, write_facet_page
from kplug_registry.building.prefix_files import add_word, open_prefix
from kplug_registry.building.site_view import SiteView
from kplug_registry.building.standing import Listing
from kplug_registry.site_format import (
    LONGEST_HIT_SUMMARY,
    MOST_HITS,
    MOST_OF_ONE,
    ComponentEntry,
    SearchFile,
    SearchHit,
    list_prefixes,
    search_words,
    to_json,
    word_path,
)

_Identity = tuple[str, str, str]  # kind, lookup key, distribution
_Rank = tuple[int, int, int, str, _Identity]  # in the order of a file
_LATER = {
    "experimental": 1,
    "deprecated": 2,
    "archived": 3,
}  # than what is stable or states nothing
_MOST_DOCUMENTED = 40  # words of a documentation, since each has a file
_FILLING_WORDS = (
    "about above after all also and any are args argument arguments been below between both but can "
    "default does each either else example examples false for from function given has have how into its "
    "itself less may more most must none not note of one only optional other otherwise over raises "
    "return returns same see set shape should such tensor than that the their them then there these "
    "they this those true two under use used uses using value values was well what when where whether "
    "which while who whose will with without you your"
)
_FILLING = frozenset(_FILLING_WORDS.split())


def list_hits(current: Listing | None) -> Iterator[tuple[str, SearchHit]]:
    """Yield each word by which a component of a current release is found, with the hit."""
    for hit, words in _list_words(current):
        for word in words:
            yield word, hit


def update_search(view: SiteView, before: Listing | None, after: Listing | None) -> None:
    """Update the files of a distribution's words for another current release; what stays is not read."""
    old, new = (
        {_identify(hit): (hit, set(words)) for hit, words in _list_words(each)}
        for each in (before, after)
    )
    for identity, (hit, words) in old.items():
        for word in words - _find_same(new, identity, hit):
            _change(view, word).remove(identity)
    for identity, (hit, words) in new.items():
        for word in words - _find_same(old, identity, hit):
            _change(view, word).add(_rank(word, hit), hit)


def _find_same(
    other: Mapping[_Identity, tuple[SearchHit, set[str]]], identity: _Identity, hit: SearchHit
) -> set[str]:
    """Return the words that have exactly this hit in the other release too."""
    found, words = other.get(identity, (None, set[str]()))
    return words if found == hit else set()


def _change(view: SiteView, word: str) -> _Word:
    """Return the hits of a word or a facet, which are about to change, as does the page of a facet."""
    found = _open(view, word)
    if "." in word:
        facets = open_prefix(view, *list_prefixes(word))
        write_facet_page(view, word, found.make_file, facets.make_file)
    return found


def choose_hits(word: str, hits: Iterable[SearchHit]) -> list[SearchHit]:
    """Return the hits of a word that its file has: by lifecycle, match, score and age."""
    return [hit for _, hit in _choose((_rank(word, hit), hit) for hit in hits)[0]]


def _choose(hits: Iterable[tuple[_Rank, SearchHit]]) -> tuple[list[tuple[_Rank, SearchHit]], bool]:
    """Return the hits that fit into a file, and whether no distribution has more of them than its share.

    What is over the share of its distribution comes in only where there is room. To choose from what was
    chosen and from new hits is to choose from all, so a file can grow.
    """
    count: Counter[str] = Counter()
    within: list[tuple[_Rank, SearchHit]] = []
    over: list[tuple[_Rank, SearchHit]] = []
    for each in sorted(hits):  # no two have the same rank
        distribution = each[1].distribution
        (within if count[distribution] < MOST_OF_ONE else over).append(each)
        count[distribution] += 1
    room = MOST_HITS - len(within)
    return (sorted([*within, *over[:room]]), False) if room > 0 else (within[:MOST_HITS], True)


def _rank(word: str, hit: SearchHit) -> _Rank:
    identity = _identify(hit)
    if word == identity[1]:
        match = 0
    elif word in search_words(hit.name):
        match = 1
    else:
        match = 2 if word == hit.kind or word in search_words(hit.summary) else 3
    return _LATER.get(hit.lifecycle or "", 0), match, -hit.score, hit.since, identity


class _Word:
    """The hits of a word while a site changes, with some more than fit into its file."""

    def __init__(self, word: str, found: SearchFile | None) -> None:
        self._word = word
        self._hits: dict[_Identity, tuple[_Rank, SearchHit]] = {}
        self._last: _Rank | None = None  # the lowest rank in a full file that distributions share
        for hit in found.hits if found else ():
            self._hits[_identify(hit)] = _rank(word, hit), hit

    def add(self, rank: _Rank, hit: SearchHit) -> None:
        self._hits.pop(rank[-1], None)
        if self._last is None or rank < self._last:
            self._hits[rank[-1]] = rank, hit
            if len(self._hits) == 2 * MOST_HITS:
                chosen, is_shared = _choose(self._hits.values())
                self._hits = {rank[-1]: (rank, hit) for rank, hit in chosen}
                self._last = chosen[-1][0] if is_shared else None

    def remove(self, identity: _Identity) -> None:
        if self._hits.pop(identity, None):
            self._last = None

    def make_file(self) -> SearchFile:
        return SearchFile(self._word, tuple(hit for _, hit in _choose(self._hits.values())[0]))

    def __call__(self) -> bytes:
        return to_json(self.make_file())

    def __len__(self) -> int:
        return len(self._hits)


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


def _list_words(current: Listing | None) -> Iterator[tuple[SearchHit, Iterable[str]]]:
    """Yield the components of a release, each with its search words."""
    if current is None:
        return
    file = current.file
    for entry, level, facets in list_facets(current):
        hit = SearchHit(
            entry.kind,
            entry.name,
            file.distribution,
            _cut(entry.summary),
            entry.is_qualified_only,
            entry.lifecycle,
            current.score,
            current.since,
            level,
            find_licence(current),
        )
        words = list_words(entry, file.distribution, *current.release.keywords)
        yield hit, [*words, *facets]


def list_words(entry: ComponentEntry, *texts: str) -> Iterable[str]:
    """Return the words by which a component is found, with those of further texts."""
    own = (entry.name, *entry.aliases, entry.kind, entry.summary, *texts)
    words = dict.fromkeys(word for text in own for word in search_words(text))
    return words | dict.fromkeys(_list_documented(entry.documentation))


@lru_cache(maxsize=4096)  # the size of a wheel is checked before its words are listed
def _list_documented(documentation: str) -> tuple[str, ...]:
    """Return the words of a documentation by which it is found: the first that are no filling."""
    words = (word for word in search_words(documentation) if len(word) > 2 and word not in _FILLING)
    return tuple(islice(words, _MOST_DOCUMENTED))
