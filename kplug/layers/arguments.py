"""Checks of the arguments that several layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kplug.errors import ArgumentValueError


def check_count(owner: str, argument: str, value: object) -> int:
    """Return a whole number >= 1.

    Raises:
        ArgumentValueError: ``value`` is something else.
    """
    if not _is_whole(value) or int(value) < 1:  # type: ignore[call-overload]
        raise ArgumentValueError(owner, argument, value, "a whole number >= 1")
    return int(value)  # type: ignore[call-overload, no-any-return]


def check_window(owner: str, argument: str, value: object, rank: int) -> tuple[int, ...]:
    """Return one whole number >= 1 for each of ``rank`` axes; a single number counts for all.

    Raises:
        ArgumentValueError: ``value`` is something else.
    """
    sizes: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value] * rank
    if len(sizes) != rank or not all(_is_whole(size) and size >= 1 for size in sizes):
        allowed = f"a whole number >= 1, or {rank} of them"
        raise ArgumentValueError(owner, argument, value, allowed)
    return tuple(int(size) for size in sizes)


def check_choice(owner: str, argument: str, value: object, choices: Sequence[str]) -> str:
    """Return one of several words; upper case is accepted.

    Raises:
        ArgumentValueError: ``value`` is none of them.
    """
    word = value.lower() if isinstance(value, str) else value
    if word not in choices:
        allowed = " or ".join(repr(choice) for choice in choices)
        raise ArgumentValueError(owner, argument, value, allowed)
    return str(word)


def check_rate(owner: str, argument: str, value: object) -> float:
    """Return a number in [0, 1].

    Raises:
        ArgumentValueError: ``value`` is something else.
    """
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not is_number or not 0.0 <= float(value) <= 1.0:  # type: ignore[arg-type]
        raise ArgumentValueError(owner, argument, value, "a number in [0, 1]")
    return float(value)  # type: ignore[arg-type]


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
