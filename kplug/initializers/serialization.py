"""Initializers by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.serialization import deserialize_component, serialize_component
from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the initializer for a name, spec, dict, function, class, array or instance.

    Example:
        >>> get("random_normal(stddev=0.01)")
        RandomNormal(mean=0.0, stddev=0.01, seed=None)
    """
    return resolve_object("initializer", identifier)


def serialize(initializer: object) -> dict[str, Any] | str | None:
    """Return an initializer as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("initializer", initializer)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the initializer that `serialize`, or any Keras, has written."""
    return deserialize_component("initializer", config, custom_objects)
