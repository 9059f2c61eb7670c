"""Write values and calls as the spec grammar reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kplug.registry.errors import SpecError


def format_call(ref: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """Write ``ref(value, key=value)``.

    Raises:
        SpecError: for a value that is no literal.
    """
    parts = [format_value(value) for value in args]
    parts += [f"{key}={format_value(value)}" for key, value in kwargs.items()]
    return f"{ref}({', '.join(parts)})"


def format_value(value: Any) -> str:
    """Write one value.

    Example:
        >>> format_value({"bounds": (1.0, float("inf"))})
        "{'bounds': (1.0, inf)}"

    Raises:
        SpecError: for a value that is no literal.
    """
    if value is None or isinstance(value, (bool, str)):
        return repr(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, tuple):
        comma = "," if len(value) == 1 else ""
        return f"({', '.join(map(format_value, value))}{comma})"
    if isinstance(value, dict):
        items = (f"{format_value(key)}: {format_value(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if hasattr(value, "__kplug_format__"):
        return str(value.__kplug_format__())
    raise SpecError(
        f"a {type(value).__name__} cannot be written in a spec",
        hint="Specs hold None, booleans, numbers, texts, lists, tuples, dicts and further specs.",
    )


def is_literal(value: Any) -> bool:
    """Whether a value can be written in a spec (nested specs aside)."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if isinstance(value, (list, tuple)):
        return all(map(is_literal, value))
    if isinstance(value, dict):
        return all(map(is_literal, value)) and all(map(is_literal, value.values()))
    return False
