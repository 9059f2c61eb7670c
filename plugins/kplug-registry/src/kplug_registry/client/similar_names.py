"""Finds the names that a misspelt one may mean, for the message that no registry has it."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches

from kplug import lookup_key
from kplug_registry.client.registries import ConfiguredRegistry, Registries
from kplug_registry.client.searching import LEAST_LIKENESS, list_near_words
from kplug_registry.errors import RegistryError
from kplug_registry.site_format import SearchFile, SearchHit, search_path, search_words

_COMMON = "kplug"  # a word of most distributions' names
_MOST_NAMES, _MOST_ASKED, _MOST_WORDS = 3, 3, 2


def list_similar_names(
    registries: Registries, name: str, *, is_distribution: bool = False
) -> list[str]:
    """Return names like one that no registry has: those of the first registry with any, the nearest first.

    The whole name is looked for, then its longest words, until there are any. Of each, three lists of words
    and two files of hits are read.

    Args:
        registries: The registries to search.
        name: The name of a component or a distribution.
        is_distribution: Whether it can only be that of a distribution.
    """
    words = dict.fromkeys(word.removeprefix(_COMMON) for word in search_words(name))
    longest = sorted(filter(None, words), key=len, reverse=True)[:_MOST_ASKED]
    for registry in registries:
        with suppress(RegistryError):  # which must not hide the message
            known: dict[str, dict[str, None]] = {}  # names that are alike to the key, in order
            for word in longest:
                for hit in _list_near(registry, word):
                    names = (
                        [hit.distribution] if is_distribution else [hit.distribution, hit.written]
                    )
                    for each in names:
                        known.setdefault(_shorten(each), {})[each] = None
                near = get_close_matches(_shorten(name), known, _MOST_NAMES, LEAST_LIKENESS)
                if near:
                    return [name for each in near for name in known[each]][:_MOST_NAMES]
    return []


def _list_near(registry: ConfiguredRegistry, word: str) -> list[SearchHit]:
    """Return what has a word that is like another."""
    words = list_near_words(registry.fetch, word, _MOST_WORDS)
    files = (registry.fetch(SearchFile, search_path(each)) for each in words)
    return [hit for file in files if file is not None for hit in file.hits]


def _shorten(name: str) -> str:
    """Return what of a name is compared: the word of most names makes none alike."""
    return lookup_key(name).removeprefix(_COMMON)
