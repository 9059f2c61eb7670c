"""Generates ``prefixes/``: the words of each prefix, for searches of incomplete words."""

from __future__ import annotations

from collections.abc import Iterable

from kplug_registry.building.site_view import SiteView
from kplug_registry.site_format import MOST_WORDS, PrefixFile, list_prefixes, prefix_path, to_json


def add_word(view: SiteView, word: str) -> None:
    """List a new word under its prefixes; words are never removed, as their files stay."""
    for prefix in list_prefixes(word):
        open_prefix(view, prefix).add(word)


def sort_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words that a file lists: the shortest, in the order of the file."""
    return tuple(sorted(words, key=lambda word: (len(word), word))[:MOST_WORDS])


class GrowingPrefix:
    """The words of a prefix, while a site changes, with some more than fit into its file."""

    def __init__(self, prefix: str, found: PrefixFile | None) -> None:
        self._prefix = prefix
        self._words = set(found.words) if found else set()

    def add(self, word: str) -> None:
        """Add a word."""
        self._words.add(word)
        if len(self._words) == 2 * MOST_WORDS:
            self._words = set(sort_words(self._words))

    def make_file(self) -> PrefixFile:
        """Return the file with what was added until now."""
        return PrefixFile(self._prefix, sort_words(self._words))

    def __call__(self) -> bytes:
        """Return the content of the file."""
        return to_json(self.make_file())

    def __len__(self) -> int:
        return len(self._words)


def open_prefix(view: SiteView, prefix: str) -> GrowingPrefix:
    """Return the words of a prefix, which may be added to until the changes are settled."""
    path = prefix_path(prefix)
    found = view.find_growing(path)
    if not isinstance(found, GrowingPrefix):
        found = GrowingPrefix(prefix, view.find(PrefixFile, path))
        view.write_growing(path, found)
    return found
