"""Validates plain arguments: returns each in its own type, or says what is allowed.

The owner of an argument is a text, or the object under construction, which is named after its class.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, SupportsIndex

from kplug.components.configurable import declared_name
from kplug.errors import ArgumentValueError


def is_number(value: object) -> bool:
    """Return whether a value is a real number: Python's, NumPy's, a 0-d array or tensor, but not a bool."""
    value = _unwrap(value)
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _unwrap(value: Any) -> object:
    """Return the Python number of NumPy's numbers and of 0-d arrays and tensors."""
    is_scalar = getattr(value, "shape", None) == () and hasattr(value, "item")
    return value.item() if is_scalar else value


def require_number(
    owner: object,
    argument: str,
    value: Any,
    allowed: str = "a finite number",
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> float:
    """Return the value as a float.

    Args:
        owner: The owner of the argument.
        argument: The name of the argument.
        value: What was given.
        allowed: The range in words, for the message.
        at_least: Smallest allowed value.
        above: Bound that the value must exceed.
        at_most: Largest allowed value.
        below: Bound that the value must not reach.

    Raises:
        ArgumentValueError: if it is not a finite real number inside the range.
    """
    number = float(value) if is_number(value) else math.nan
    if math.isfinite(number) and at_least <= number <= at_most and above < number < below:
        return number
    raise refusal(owner, argument, value, allowed)


def require_nonnegative(owner: object, argument: str, value: object) -> float:
    """Return a finite number >= 0 as a float."""
    return require_number(owner, argument, value, "a finite number >= 0", at_least=0.0)


def require_positive(owner: object, argument: str, value: object) -> float:
    """Return a finite number > 0 as a float."""
    return require_number(owner, argument, value, "a finite number > 0", above=0.0)


def require_share(owner: object, argument: str, value: object) -> float:
    """Return a number in [0, 1] as a float."""
    return require_number(owner, argument, value, "a number in [0, 1]", at_least=0.0, at_most=1.0)


def require_integer(
    owner: object, argument: str, value: object, allowed: str, *, at_least: float = -math.inf
) -> int:
    """Return the value as an int; a bool is not an integer here.

    Raises:
        ArgumentValueError: if it is not an integer, or smaller than ``at_least``.
    """
    if type(value) is int and value >= at_least:  # the fast path
        return value
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        try:
            number = operator.index(value)
        except TypeError:  # arrays have the method, but raise
            raise refusal(owner, argument, value, allowed) from None
        if number >= at_least:
            return number
    raise refusal(owner, argument, value, allowed)


def require_size(owner: object, argument: str, size: Any) -> tuple[int, int]:
    """Return (height, width); one integer counts for both.

    Raises:
        ArgumentValueError: It is something else.
    """
    pair = (size, size) if isinstance(size, int) else size
    allowed = "(height, width), integers >= 1"
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise refusal(owner, argument, size, allowed)
    height, width = (require_integer(owner, argument, one, allowed, at_least=1) for one in pair)
    return height, width


def require_path(
    owner: str,
    argument: str,
    value: object,
    allowed: str = "the path of a file, as text or pathlib.Path",
) -> Path:
    """Return the path of a file.

    Raises:
        ArgumentValueError: if it is neither a text nor a path.

    Example:
        >>> require_path("save", "filepath", "model.keras").name
        'model.keras'
    """
    if isinstance(value, (str, os.PathLike)):
        return Path(value)
    raise refusal(owner, argument, value, allowed)


def require_flag(owner: object, argument: str, value: object) -> bool:
    """Return a boolean; 0 and 1 pass, a text such as ``"false"`` does not.

    Raises:
        ArgumentValueError: if it is something else.
    """
    given = _unwrap(value)
    if isinstance(given, (bool, int, float)) and given in (0, 1):
        return bool(given)
    raise refusal(owner, argument, value, "True or False")


def require_choice(
    owner: object, argument: str, value: object, choices: Mapping[str, str] | Iterable[str]
) -> str:
    """Return the chosen word in lower case, translated if the choices are a mapping.

    Raises:
        ArgumentValueError: if it is not among the choices.
    """
    table = choices if isinstance(choices, Mapping) else {word: word for word in choices}
    key = value.lower() if isinstance(value, str) else ""
    if key not in table:
        raise refusal(owner, argument, value, list_words(table))
    return table[key]


def list_words(words: Iterable[str]) -> str:
    """Return a list of words for a sentence.

    Example:
        >>> list_words(["fan_in", "fan_out", "fan_avg"])
        "'fan_in', 'fan_out' or 'fan_avg'"
    """
    *others, last = map(repr, words)
    return f"{', '.join(others)} or {last}" if others else last


def refusal(owner: object, argument: str, value: object, allowed: str) -> ArgumentValueError:
    """Return the error that refuses an argument.

    Example:
        >>> print(refusal("l1", "l1", -0.5, "a finite number >= 0"))
        l1: argument 'l1' is -0.5; allowed: a finite number >= 0
    """
    name = owner if isinstance(owner, str) else declared_name(type(owner))
    return ArgumentValueError(name, argument, value, allowed)
