"""Renames arguments of earlier versions of a component to their present names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry.component_facts import (
    find_former,
    find_idle_arguments,
    find_renamed_arguments,
    follow_renames,
    name_target,
)
from kplug.registry.errors import ArgumentError
from kplug.registry.parameters import find_parameters, takes_any_keyword
from kplug.registry.quoting import quote


def translate_arguments(target: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments under their present names, without those that have no effect any more.

    Args:
        target: The class or function, whose author states `renamed_arguments` and `idle_arguments`. A name
            that its signature still has is not translated.
        given: The arguments as an earlier version may have written them.

    Raises:
        ArgumentError: An argument is given under two of its names.
    """
    if given.keys().isdisjoint({**find_renamed_arguments(target), **find_idle_arguments(target)}):
        return given
    read: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, value in given.items():
        present, accepted = _find_present(target, name)
        if accepted is ... or any(is_equal(value, one) for one in accepted):
            continue
        if present in written:
            raise _refuse_both(target, present, written[present], name)
        read[present], written[present] = value, name
    return read


def is_equal(value: Any, other: Any) -> bool:
    """Return whether two values are equal; an array, whose comparison is no truth value, is not."""
    try:
        return bool(value is other or value == other)
    except Exception:  # noqa: BLE001 - arrays of any library, and foreign objects
        return False


def _find_present(target: Any, name: str) -> tuple[str, Any]:
    """Return the present name of an argument, and the values at which it has no effect."""
    present = follow_renames(target, name)[-1]
    stated = find_former(target, present)
    if stated is not None and not isinstance(stated, str):
        return name, stated
    # An error about an unknown argument names what was written.
    return (present if _accepts(target, present) else name), ()


def _accepts(target: Any, name: str) -> bool:
    parameters = find_parameters(target)
    return parameters is None or name in parameters or takes_any_keyword(target)


def _refuse_both(target: Any, present: str, first: str, second: str) -> ArgumentError:
    if present in (first, second):
        old = second if present == first else first
        first, second = old, present
        hint = f"Leave {quote(old)} out: it is the former name."
    else:
        hint = f"Give {quote(present)} alone: it is the present name."
    return ArgumentError(
        f"{name_target(target)} is given {quote(first)} and {quote(second)}, which are one argument",
        hint=hint,
    )
