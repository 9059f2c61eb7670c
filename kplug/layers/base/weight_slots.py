"""Weights whose initializer, regularizer and constraint are arguments of the layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.layer import Layer

# The meaning of ``None`` as an initializer, where it is not Glorot's.
_DEFAULTS = {
    "alpha": "kplug/zeros",
    "beta": "kplug/zeros",
    "bias": "kplug/zeros",
    "embeddings": "kplug/uniform",
    "gamma": "kplug/ones",
    "recurrent": "kplug/orthogonal",
}


def add_weight_slots(
    layer: Layer, prefix: str, initializer: object, regularizer: object, constraint: object
) -> None:
    """Add the slots ``<prefix>_initializer``, ``<prefix>_regularizer`` and ``<prefix>_constraint``."""
    default = _DEFAULTS.get(prefix, "kplug/glorot_uniform")
    layer.add_slot(f"{prefix}_initializer", "initializer", initializer, default=default)
    layer.add_slot(f"{prefix}_regularizer", "regularizer", regularizer)
    layer.add_slot(f"{prefix}_constraint", "constraint", constraint)


def add_slotted_weight(
    layer: Layer,
    name: str,
    shape: Sequence[int],
    memory_order: Sequence[int] | None = None,
    prefix: str | None = None,
) -> Any:
    """Add a weight that uses the slots whose names begin with ``prefix``, which is its name if left out."""
    prefix = name if prefix is None else prefix
    return layer.add_weight(
        name,
        shape,
        f"{prefix}_initializer",
        f"{prefix}_regularizer",
        f"{prefix}_constraint",
        memory_order=memory_order,
    )


def known_size(layer: Layer, input_shape: Shape, axis: int) -> int:
    """Return the size of an axis that the weights depend on.

    Raises:
        DataError: The size is not known, or there is no such axis.
    """
    size = input_shape[axis] if -len(input_shape) <= axis < len(input_shape) else None
    if size is None:
        raise DataError(
            f"layer {layer.name!r} needs to know the size of axis {axis} of its inputs, "
            f"got shape {input_shape}"
        )
    return size
