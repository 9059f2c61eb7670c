"""Text preprocessing before the lookup: standardizes texts and joins n-grams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Standardize: TypeAlias = "Callable[[str], str]"
Split: TypeAlias = "Callable[[str], list[str]]"

_PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
_STRIPPED = dict.fromkeys(map(ord, _PUNCTUATION))
# TensorFlow's lower and split support ASCII only.
_LOWERED = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_WORD = re.compile(r"[^ \t\n\v\f\r]+")

STANDARDIZERS: dict[str | None, dict[int, Any]] = {
    None: {},
    "lower": _LOWERED,
    "strip_punctuation": _STRIPPED,
    "lower_and_strip_punctuation": _LOWERED | _STRIPPED,
}
SPLITTERS: dict[str, Split] = {"whitespace": _WORD.findall, "character": list}


def standardize(text: str, name: str | None) -> str:
    """Convert a text to lower case, strip its punctuation, or both; ASCII only.

    Example:
        >>> standardize("It's Ärger!", "lower_and_strip_punctuation")
        'its Ärger'
    """
    table = STANDARDIZERS[name]
    return text.translate(table) if table else text


def join_neighbours(tokens: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return the n-grams of tokens: for each width, every run of adjacent tokens, joined by spaces.

    Example:
        >>> join_neighbours(["a", "b", "c"], (1, 2))
        ['a', 'b', 'c', 'a b', 'b c']
    """
    return [
        " ".join(tokens[start : start + width])
        for width in widths
        for start in range(len(tokens) - width + 1)
    ]
