"""Suggests the closest existing name for a misspelt one, always in the same words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping

from kplug.registry.errors import ArgumentError
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.quoting import quote

_MOST_COMPARED = 80


def find_closest(name: object, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name closest to a misspelt one, or None if none is close.

    Args:
        name: The misspelt name.
        known: The names that exist.
        likeness: The required similarity, from 0 to 1.

    Example:
        >>> find_closest("smoth", ["smooth", "axis"])
        'smooth'
    """
    best, likeness_of_best = next(iter(_rank(str(name), known)), ("", 0.0))
    return best if likeness_of_best >= likeness else None


def find_most_alike(name: str, known: Iterable[str], most: int) -> list[str]:
    """Return the known names closest to a given one, best first, ignoring case and separators.

    Example:
        >>> find_most_alike("sdg", ["adam", "sgd", "adagrad"], 2)
        ['sgd', 'adagrad']
    """
    return [found for found, _ in _rank(name, known, lookup_key)[:most]]


def _rank(
    name: str, known: Iterable[str], key: Callable[[str], str] = str
) -> list[tuple[str, float]]:
    import difflib  # for messages only: the import takes a millisecond

    written = key(name[:_MOST_COMPARED])
    matcher = difflib.SequenceMatcher(None, "", written)
    swapped = {
        written[:at] + after + before + written[at + 2 :]
        for at, (before, after) in enumerate(itertools.pairwise(written))
    }

    def likeness(candidate: str) -> float:
        # difflib counts the commonest slip, a transposition, as two differing letters.
        if key(candidate) in swapped:
            return 1.0
        matcher.set_seq1(key(candidate))
        return matcher.ratio()

    return sorted(((each, likeness(each)) for each in known), key=lambda pair: -pair[1])


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a question with the closest known name, or an empty text.

    Example:
        >>> did_you_mean("smoth", ["smooth", "axis"])
        "Did you mean 'smooth'?"
    """
    closest = find_closest(name, known)
    return ask(closest) if closest is not None else ""


def ask(*meant: str) -> str:
    """Return a question that suggests these names."""
    return f"Did you mean {', '.join(map(quote, meant))}?"


def unknown_argument(
    owner: str,
    names: Collection[str],
    known: Collection[str],
    former: Mapping[str, str] | None = None,
    usage: str | None = None,
) -> ArgumentError:
    """Return the error for unknown arguments of a callable.

    Args:
        owner: The callable's name in messages.
        names: The unknown arguments.
        known: The existing arguments.
        former: The present names of renamed arguments.
        usage: A text about the existing arguments; a list of them by default.

    Example:
        >>> print(unknown_argument("huber", ["dleta"], ["delta", "reduction"]))
        huber has no argument 'dleta'. Did you mean 'delta'?
          Known: delta, reduction.
    """
    renamed = {name: today for name, today in (former or {}).items() if today in known}
    found = (renamed.get(name) or find_closest(name, known) for name in names)
    meant = dict.fromkeys(name for name in found if name is not None)
    question = f". {ask(*meant)}" if meant else ""
    return ArgumentError(
        f"{owner} has no argument{'s' * (len(names) > 1)} {', '.join(map(quote, names))}{question}",
        hint=usage or f"Known: {', '.join(known) or 'none'}.",
    )
