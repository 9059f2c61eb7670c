"""Formats values and calls in the spec grammar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import starmap
from typing import Any

from kplug.registry.errors import SpecError
from kplug.registry.quoting import name_type


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
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        return str.__repr__(value)  # not repr(): an Enum of texts writes its own
    if isinstance(value, int):
        return _format_int(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, list):
        return f"[{', '.join(map(format_value, value))}]"
    if isinstance(value, tuple):
        comma = "," if len(value) == 1 else ""
        return f"({', '.join(map(format_value, value))}{comma})"
    if isinstance(value, dict):
        return f"{{{', '.join(starmap(_format_item, value.items()))}}}"
    if hasattr(value, "__kplug_format__"):
        return str(value.__kplug_format__())
    raise SpecError(
        f"{name_type(value)} cannot be written in a spec",
        hint="Specs hold None, booleans, numbers, texts, lists, tuples, dicts and further specs.",
    )


def is_literal(value: Any) -> bool:
    """Whether a value can be written in a spec (nested specs aside)."""
    if _is_plain(value):
        return True
    if isinstance(value, (list, tuple)):
        return all(map(is_literal, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value)) and all(map(is_literal, value.values()))
    return False


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _format_int(value: int) -> str:
    # Python refuses to write more than 4300 decimal digits, but reads any number of others.
    return int.__repr__(value) if value.bit_length() < 10_000 else hex(value)


def _format_item(key: Any, value: Any) -> str:
    if not _is_plain(key):
        raise SpecError(
            f"{name_type(key)} cannot be the key of a dict in a spec",
            hint="Keys are None, booleans, numbers and texts.",
        )
    return f"{format_value(key)}: {format_value(value)}"
