"""Activations by any identifier, and as data in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.dialect.serialization import deserialize_component, serialize_component
from kplug.registry import resolve_object


def get(identifier: object) -> Any:
    """Return the activation for a name, spec, dict, function or module; `linear` for None.

    Example:
        >>> get(None).__name__
        'linear'
    """
    return resolve_object("activation", identifier)


def serialize(activation: object) -> dict[str, Any] | str | None:
    """Return an activation as data: Keras's dict or name where Keras has it, else its spec as text."""
    return serialize_component("activation", activation)


def deserialize(config: object, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the activation that `serialize`, or any Keras, has written."""
    return deserialize_component("activation", config, custom_objects)
