"""Renames arguments of earlier versions of a component to their present names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry.building.roles import has_parameter
from kplug.registry.errors import ArgumentError
from kplug.registry.facts import find_idle_arguments, find_renamed_arguments
from kplug.registry.quoting import quote


def translate_arguments(target: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments under their present names, without those that have no effect any more.

    Args:
        target: The class or function, whose author states `renamed_arguments` and `idle_arguments`. A name
            that its signature still has is not translated.
        given: The arguments as an earlier version may have written them.

    Raises:
        ArgumentError: An argument is given under both of its names.
    """
    renamed, idle = find_renamed_arguments(target), find_idle_arguments(target)
    former = {key for key in (*renamed, *idle) if key in given and not has_parameter(target, key)}
    if not former:
        return given
    read = dict(given)
    for old in former & renamed.keys():
        new = renamed[old]
        if new in given:
            raise ArgumentError(
                f"{target.__name__} is given {quote(old)} and {quote(new)}, which are one argument",
                hint=f"Leave {quote(old)} out: it is the former name.",
            )
        read[new] = read.pop(old)
    for key in former & idle.keys():
        if idle[key] is ... or any(read[key] is one or read[key] == one for one in idle[key]):
            del read[key]
    return read
