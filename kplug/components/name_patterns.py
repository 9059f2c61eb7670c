"""Assigns the names of weights to patterns that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kplug.errors import ContractError
from kplug.registry.quoting import quote

_MOST_NAMES = 8  # in messages


def assign_names(
    owner: str,
    names: Iterable[str],
    patterns: Mapping[str, Any],
    fits: Callable[[str, str], object],
) -> dict[str, str]:
    """Return the pattern of each name that one fits.

    Args:
        owner: What the patterns belong to, for messages.
        names: The names of weights.
        patterns: The patterns, as the keys of a dict.
        fits: Whether a pattern fits a name.

    Raises:
        ContractError: If several patterns fit a name, or one fits none.

    Example:
        >>> assign_names("groups", ["0.weight", "0.bias"], {"bias": 1}, lambda end, name: name.endswith(end))
        {'0.bias': 'bias'}
    """
    known = list(names)
    found: dict[str, str] = {}
    for name in known:
        fitting = [pattern for pattern in patterns if fits(pattern, name)]
        if len(fitting) > 1:
            raise ContractError(
                f"{owner}: several patterns fit the weight {quote(name)}: "
                f"{', '.join(map(quote, fitting))}",
                hint="Make the patterns exclude each other.",
            )
        found.update((name, pattern) for pattern in fitting)
    idle = next((pattern for pattern in patterns if pattern not in found.values()), None)
    if idle is not None:
        shown = ", ".join(known[:_MOST_NAMES]) or "none"
        more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
        raise ContractError(
            f"{owner}: the pattern {quote(idle)} fits no weight",
            hint=f"The names of the weights: {shown}{more}.",
        )
    return found
