"""Regularizers by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.serialization import deserialize_component, serialize_component
from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the regularizer for a name, spec, dict, function, class or instance; None for None.

    Example:
        >>> get("l2(l2=0.01)")
        L2(l2=0.01)
    """
    return resolve_object("regularizer", identifier)


def serialize(regularizer: object) -> dict[str, Any] | str | None:
    """Return a regularizer as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("regularizer", regularizer)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer that `serialize`, or any Keras, has written."""
    return deserialize_component("regularizer", config, custom_objects)
