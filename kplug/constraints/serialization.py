"""Constraints by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.serialization import deserialize_component, serialize_component
from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the constraint for a name, spec, dict, function, class or instance; None for None.

    Example:
        >>> get("max_norm(3)")
        MaxNorm(max_value=3.0, axis=0)
    """
    return resolve_object("constraint", identifier)


def serialize(constraint: object) -> dict[str, Any] | str | None:
    """Return a constraint as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("constraint", constraint)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint that `serialize`, or any Keras, has written."""
    return deserialize_component("constraint", config, custom_objects)
