"""Explains frequent mistakes in the text of a spec: what is wrong, and what to write instead."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from kplug.registry.errors import SpecSyntaxError
from kplug.registry.quoting import quote

_PATH = (
    "kplug imports nothing by its path. Give the object itself, or the name that a package offers it under, "
    "such as torch/mse_loss: `kplug list --all` shows all names."
)
_LIST = (
    "a text names one component",
    "Give several in a list of texts, such as ['mse', 'mae'].",
)
_JOIN = ("a number and a name are joined by '*'", "Write 0.5*name.")
# What may stand at each place instead of what belongs there, with the reason and the advice.
_MISTAKES: dict[str, dict[str, tuple[str, str | None]]] = {
    "behind a name": {
        r"\.": ("a name has no dots", _PATH),
        r":": ("a slash belongs here", "A package and its component are written package/name."),
        r"===?|~=|!=|<=?|>=?|@": (
            "a spec has no version",
            "The installed version is taken. Your installer chooses it, and `kplug lock` records it.",
        ),
        r",": _LIST,
        r"=": ("an argument stands in a component's parentheses", "Write name(argument=value)."),
        r"[A-Za-z_]\w*\s*=": ("'(' is expected here", "Write name(argument=value, …)."),
        r"/\s*\Z": ("a component's name is expected behind the slash", None),
        r"/": ("a reference has one slash", "It is name or package/name."),
        r"-": ("a sum has '+' and '*' alone", "Write a - b as a + -1*b."),
    },
    "a name": {
        r"\[": _LIST,
        r"\{": ("a dict is given as text", "Give the dict itself: json.loads(text) makes one."),
        r"['\"]": ("the text has quotes of its own", "Leave the inner quotes out."),
        r"-\s*[A-Za-z(]": ("a sign may stand before a number only", "Write -1*name."),
        r"\d+(\.\d+)?\s*\Z": ("a number is no component", None),
        r"\d+(\.\d+)?\s*[A-Za-z]\w*\s*(\(|\Z)": _JOIN,
    },
    "behind a number": {r"[A-Za-z(]": _JOIN},
    "a value": {
        r"[A-Za-z_]\w*\.\w": ("only literals and further specs are read", _PATH),
    },
}
Place: TypeAlias = Literal["behind a name", "a name", "behind a number", "a value"]


def explain(text: str, column: int, reason: str, place: Place) -> SpecSyntaxError:
    """Return the error about a place that does not fit.

    Args:
        text: The spec.
        column: The place.
        reason: The reason for anything but a known mistake.
        place: What is expected there.

    Example:
        >>> print(explain("os:system", 2, "", "behind a name").hint)
        A package and its component are written package/name.
    """
    for pattern, (what, advice) in _MISTAKES[place].items():
        if re.compile(rf"\s*(?:{pattern})").match(text, column):
            return SpecSyntaxError(text, column, what, advice)
    return SpecSyntaxError(text, column, reason)


def advise_on_word(argument: str, word: str) -> str:
    """Return the advice about a bare word that is a component's argument and names no component.

    Example:
        >>> advise_on_word("kind", "abs")
        "If a text is meant, quote it: kind='abs'."
    """
    literal = {"true": "True", "false": "False", "none": "None", "null": "None"}.get(word.lower())
    if literal is not None:
        return f"Write {argument}={literal}, or {argument}={quote(word)} for a text."
    return f"If a text is meant, quote it: {argument}={quote(word)}."
