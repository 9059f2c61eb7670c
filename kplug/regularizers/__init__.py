"""Regularizers: penalties on weights and outputs, added to the training loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kplug.registry import resolve_object
from kplug.regularizers.adapt import as_regularizer
from kplug.regularizers.base import Regularizer
from kplug.regularizers.norms import L1, L1L2, L2
from kplug.regularizers.orthogonality import OrthogonalRegularizer
from kplug.serialization import deserialize_component, serialize_component

# Keras's lower-case names of the classes.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


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


__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "as_regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
