"""Completes docstrings of classes and methods with the arguments that they share.

A class's docstring describes its own arguments. Missing descriptions come from its bases, then from the
texts that its family shares. Missing ``Raises`` and ``Reference`` sections come from its bases.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence

_ORDER = ("", "Args:", "Attributes:", "Returns:", "Raises:", "Example:", "Reference:")
_ENTRY = re.compile(r"^ {4}(\w+): ((?:.*\n?)(?: {8}.*\n?)*)", re.MULTILINE)


def fill_documentation(
    owner: type, shared: Mapping[str, str], names: Sequence[str] | None = None
) -> None:
    """Add missing arguments, errors and the reference to a class's docstring.

    Args:
        owner: The class.
        shared: Descriptions of arguments that neither the class nor its bases describe.
        names: The arguments in the order of the description; by default the constructor's.

    Example:
        >>> class Noise:
        ...     '''Adds noise.
        ...
        ...     Args:
        ...         stddev: Standard deviation of the noise.
        ...     '''
        ...     def __init__(self, stddev, seed=None): ...
        >>> class PinkNoise(Noise):
        ...     '''Adds pink noise.'''
        >>> fill_documentation(PinkNoise, {"seed": "Where the random numbers start."})
        >>> print(PinkNoise.__doc__)
        Adds pink noise.
        <BLANKLINE>
        Args:
            stddev: Standard deviation of the noise.
            seed: Where the random numbers start.
    """
    text = vars(owner).get("__doc__")
    if not text:  # no docstring, or python -OO
        return
    sections = dict(_split(text))
    inherited = [_split(base.__doc__) for base in owner.__mro__[1:] if base.__doc__]
    described = dict(shared)
    for one in (*reversed(inherited), sections):
        described |= _read_entries(one.get("Args:", ""))
    names = names or _list_arguments(owner.__init__)  # type: ignore[misc]
    entries = [f"    {name}: {described[name].rstrip()}" for name in names if name in described]
    if entries:
        sections["Args:"] = "\n".join(entries)
    for title in ("Raises:", "Reference:"):
        found = [one[title] for one in inherited if title in one]
        if found:
            sections.setdefault(title, found[0])
    owner.__doc__ = _join(sections)


def add_arguments(text: str, source: str) -> str:
    r"""Return a docstring with the ``Args`` section of another one.

    Example:
        >>> print(add_arguments("Heat it.", "What heat takes.\n\nArgs:\n    degrees: How hot it becomes."))
        Heat it.
        <BLANKLINE>
        Args:
            degrees: How hot it becomes.
    """
    return _join({**_split(text), "Args:": _split(source)["Args:"]})


def _join(sections: Mapping[str, str]) -> str:
    return "\n\n".join(
        f"{title}\n{sections[title]}".lstrip("\n") for title in _ORDER if title in sections
    )


@functools.cache
def _split(text: str) -> Mapping[str, str]:
    """Return the sections of a docstring by title, and the text before them under ``""``."""
    sections: dict[str, list[str]] = {"": []}
    title = ""
    for line in inspect.cleandoc(text).splitlines():
        if line in _ORDER[1:]:
            title = line
        sections.setdefault(title, []).append(line)
    return {
        title: "\n".join(lines).removeprefix(title).strip("\n") for title, lines in sections.items()
    }


@functools.cache
def _read_entries(text: str) -> Mapping[str, str]:
    return dict(_ENTRY.findall(text))


@functools.lru_cache(maxsize=8)  # classes that share a constructor follow each other
def _list_arguments(init: Callable[..., None]) -> list[str]:
    return list(inspect.signature(init).parameters)[1:]
