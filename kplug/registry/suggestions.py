"""What somebody probably meant who wrote a name that does not exist: one rule, in one wording."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping

from kplug.registry.errors import ArgumentError


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
    import difflib  # used for messages only, and it takes a millisecond

    written, names = str(name), list(known)
    swapped = {
        written[:at] + after + before + written[at + 2 :]
        for at, (before, after) in enumerate(itertools.pairwise(written))
    }
    # difflib takes the commonest slip, two letters that change places, for two letters that differ.
    found = [close for close in names if close in swapped]
    return next(iter(found or difflib.get_close_matches(written, names, 1, likeness)), None)


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
    return f"Did you mean {', '.join(map(repr, meant))}?"


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
        f"{owner} has no argument{'s' * (len(names) > 1)} {', '.join(map(repr, names))}{question}",
        hint=usage or f"Known: {', '.join(known) or 'none'}.",
    )
