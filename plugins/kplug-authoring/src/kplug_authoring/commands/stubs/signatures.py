"""Formats the arguments of a component as a method signature."""

from __future__ import annotations

import inspect
import math
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from typing_extensions import Unpack

from kplug import Component, Kind
from kplug.inspection import find_spec_parameters, load
from kplug_authoring.commands.stubs.annotations import write_argument_type

ANY_KEYWORDS = "**named_arguments: object"
ANY_ARGUMENTS = f"*arguments: object, {ANY_KEYWORDS}"


def write_arguments(kind: Kind, component: Component) -> str:
    """Return the arguments of a component, importing its module.

    Raises:
        KplugError: if it cannot be loaded, or breaks its contract.
    """
    target = load(component)
    parameters = find_spec_parameters(kind, target, component)
    if parameters is None:
        return ANY_KEYWORDS
    return ", ".join(_write_parameters(parameters, read_types(target)))


def _write_parameters(
    parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]
) -> Iterator[str]:
    by_kind = {
        kind: [one for one in parameters.values() if one.kind is kind]
        for kind in (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
            inspect.Parameter.VAR_KEYWORD,
        )
    }
    ordinary, by_name, further = by_kind.values()
    yield from (_write_parameter(one, hints) for one in ordinary)
    if by_name:
        yield "*"
        yield from (_write_parameter(one, hints) for one in by_name)
    if further:
        yield ANY_KEYWORDS


def _write_parameter(parameter: inspect.Parameter, hints: Mapping[str, Any]) -> str:
    name, default = parameter.name, parameter.default
    hint = hints.get(name, parameter.annotation)
    if default is parameter.empty:
        return f"{name}: {write_argument_type(name, hint, ...)}"
    return f"{name}: {write_argument_type(name, hint, default)} = {_write_default(default)}"


def _write_default(value: object) -> str:
    """Return a literal default, for editors to show; ``...`` for others."""
    is_plain = value is None or type(value) in (bool, int, str)
    is_finite = type(value) is float and math.isfinite(value)
    return repr(value) if is_plain or is_finite else "..."


def read_types(target: Any) -> dict[str, Any]:
    """Return the types of a callable's arguments, including those of unpacked typed dicts."""
    from kplug_authoring.variations import read_hints  # imports torch

    hints = read_hints(target)
    unpacked = [hint for hint in hints.values() if typing.get_origin(hint) is Unpack]
    for hint in unpacked:
        hints = {**read_hints(*typing.get_args(hint)), **hints}
    return hints
