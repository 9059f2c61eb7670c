"""Suggests the closest existing name for a misspelt one, always in the same words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping

from kplug.registry.errors import ArgumentError
from kplug.registry.lookup_keys import lookup_key
from kplug.registry.quoting import quote

_MOST_COMPARED = 80


def find_closest(name: object, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that is most like a misspelt one, or None if none is like it.

    Args:
        name: What was written.
        known: The names that exist.
        likeness: From 0 to 1, how much of both names has to be the same.

    Example:
        >>> find_closest("smoth", ["smooth", "axis"])
        'smooth'
    """
    best, likeness_of_best = next(iter(_rank(str(name), known)), ("", 0.0))
    return best if likeness_of_best >= likeness else None


def find_most_alike(name: str, known: Iterable[str], most: int) -> list[str]:
    """Return the known names that are most like a written one, best first; case and separators do not count.

    Example:
        >>> find_most_alike("sdg", ["adam", "sgd", "adagrad"], 2)
        ['sgd', 'adagrad']
    """
    return [found for found, _ in _rank(name, known, lookup_key)[:most]]


def _rank(
    name: str, known: Iterable[str], key: Callable[[str], str] = str
) -> list[tuple[str, float]]:
    import difflib  # used for messages only, and it takes a millisecond

    written = key(name[:_MOST_COMPARED])
    matcher = difflib.SequenceMatcher(None, "", written)
    swapped = {
        written[:at] + after + before + written[at + 2 :]
        for at, (before, after) in enumerate(itertools.pairwise(written))
    }

    def likeness(candidate: str) -> float:
        # difflib takes the commonest slip, two letters that change places, for two letters that differ.
        if key(candidate) in swapped:
            return 1.0
        matcher.set_seq1(key(candidate))
        return matcher.ratio()

    return sorted(((each, likeness(each)) for each in known), key=lambda pair: -pair[1])


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the question that names the closest of the known names, or an empty text.

    Example:
        >>> did_you_mean("smoth", ["smooth", "axis"])
        "Did you mean 'smooth'?"
    """
    closest = find_closest(name, known)
    return ask(closest) if closest is not None else ""


def ask(*meant: str) -> str:
    """Return the question whether these names were meant."""
    return f"Did you mean {', '.join(map(quote, meant))}?"


def unknown_argument(
    owner: str,
    names: Collection[str],
    known: Collection[str],
    former: Mapping[str, str] | None = None,
    usage: str | None = None,
) -> ArgumentError:
    """Return the error for arguments that a callable does not have.

    Args:
        owner: The callable, as messages name it.
        names: The arguments that were given and are unknown.
        known: The arguments that it has.
        former: What arguments of older versions are called today.
        usage: What to say of the known ones; they are listed by default.

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
