"""Preserves tuples in files, which JSON turns into lists.

Keras writes lists, and its classes accept them. For other components, arguments with tuples are written
again next to the configuration, in the form that Keras's reader of HDF5 files supports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.names import OWN_ARGUMENTS

_TUPLE = "__tuple__"


def list_tuples(value: Any) -> Any:
    """Return a value with lists for tuples, as JSON would read it.

    Example:
        >>> list_tuples({"betas": (0.5, (1, 2))})
        {'betas': [0.5, [1, 2]]}
    """
    if isinstance(value, Mapping):
        return {key: list_tuples(item) for key, item in value.items()}
    return [list_tuples(item) for item in value] if isinstance(value, (list, tuple)) else value


def mark_tuples(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that contain tuples, each tuple as data for `read_arguments`.

    Example:
        >>> mark_tuples({"betas": (0.5, 0.75), "rate": 0.5})
        {'betas': {'class_name': '__tuple__', 'items': [0.5, 0.75]}}
    """
    return {key: _mark(value) for key, value in config.items() if _holds_tuple(value)}


def read_arguments(entry: Mapping[str, Any]) -> Any:
    """Return the configuration of an entry, with its tuples and kplug's extra arguments."""
    config, own = entry.get("config"), entry.get(OWN_ARGUMENTS)
    if isinstance(config, Mapping) and isinstance(own, Mapping):
        config = {**config, **own}
    return _restore(config)


def _holds_tuple(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_tuple, value.values()))
    return isinstance(value, tuple) or (isinstance(value, list) and any(map(_holds_tuple, value)))


def _mark(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _mark(item) for key, item in value.items()}
    if not isinstance(value, (list, tuple)):
        return value
    items = [_mark(item) for item in value]
    return {"class_name": _TUPLE, "items": items} if isinstance(value, tuple) else items


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return [_restore(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") == _TUPLE and isinstance(value.get("items"), list):
        return tuple(map(_restore, value["items"]))
    return {key: _restore(item) for key, item in value.items()}
