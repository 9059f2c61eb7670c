"""Formats the types of a component's arguments, as far as a spec can hold them."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kplug import Kind, Spec, parse_spec
from kplug.errors import SpecError
from kplug.inspection import KINDS, find_component, find_kind_of_slot
from kplug.names import type_of_names

_PLAIN = (bool, int, float, str)
_UNIONS = (typing.Union, types.UnionType)
_CONTAINERS = (list, tuple, dict, Collection, Iterable, Mapping, Sequence)


def write_argument_type(name: str, hint: object, default: object) -> str:
    """Return the type of an argument as text; ``object`` if its annotation is unclear.

    An argument for a component accepts names of its kind and specs. Its name implies a kind, and either its
    annotation contains `Spec` or its default is the name of a component. ``distance_metric="euclidean"`` of a
    wrapped library is no such argument.

    Args:
        name: The name of the argument.
        hint: Its annotation.
        default: Its default. If it is None, the type includes None.

    Example:
        >>> write_argument_type("smooth", float, 1.0)
        'float'
        >>> write_argument_type("kernel_initializer", object, "zeros")
        'InitializerName | Spec | Mapping[str, Any] | None'
    """
    parts = _write_parts(hint)
    kind = find_kind_of_slot(name, KINDS)
    if kind is not None and _is_slot(kind, name, hint, default):
        known = ["float", "None"] if kind.name == "schedule" else ["None"]
        also = [part for part in (known if parts is None else parts) if part != "str"]
        parts = [type_of_names(kind), "Spec", "Mapping[str, Any]", *also]
    elif parts is not None and default is None and "None" not in parts:
        parts.append("None")
    return " | ".join(parts) if parts else "object"


def _is_slot(kind: Kind, name: str, hint: object, default: object) -> bool:
    if name.endswith(kind.plural):
        return False  # for several components
    if kind.name == "schedule" or Spec in typing.get_args(hint):
        return True
    try:
        return isinstance(default, str) and find_component(kind, parse_spec(default)) is not None
    except SpecError:
        return False


def _write_parts(hint: object) -> list[str] | None:
    """Return the members of a type, or None if one of them does not restrict the values of a spec."""
    if hint is None or hint is type(None):
        return ["None"]
    if hint in _PLAIN:
        return [typing.cast("type", hint).__name__]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _write_parts(arguments[0])
    if origin in _UNIONS:
        members = [_write_parts(argument) for argument in arguments]
        return None if None in members else [part for each in members for part in each or ()]
    if origin is typing.Literal:
        is_plain = all(one is None or type(one) in _PLAIN for one in arguments)
        return [f"Literal[{', '.join(map(repr, arguments))}]"] if is_plain else None
    return _write_container(origin, arguments) if origin in _CONTAINERS else None


def _write_container(origin: Any, arguments: tuple[Any, ...]) -> list[str] | None:
    inner = [["..."] if one is Ellipsis else _write_parts(one) for one in arguments]
    if not inner or None in inner:
        return None
    return [f"{origin.__name__}[{', '.join(' | '.join(one or ()) for one in inner)}]"]
