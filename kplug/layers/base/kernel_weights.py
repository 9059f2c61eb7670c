"""The kernel and the bias that dense and convolutional layers have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kplug.errors import DataError
from kplug.graph import Shape
from kplug.layers.base.layer import Layer


def add_kernel_slots(
    layer: Layer,
    initializers: Sequence[object],
    regularizers: Sequence[object],
    constraints: Sequence[object],
    prefixes: Sequence[str] = ("kernel", "bias"),
) -> None:
    """Add the slots of kernels and a bias; each sequence has one for each of ``prefixes``."""
    for position, prefix in enumerate(prefixes):
        default = "zeros" if prefix == "bias" else "glorot_uniform"
        layer.add_slot(
            f"{prefix}_initializer", "initializer", initializers[position], default=default
        )
        layer.add_slot(f"{prefix}_regularizer", "regularizer", regularizers[position])
        layer.add_slot(f"{prefix}_constraint", "constraint", constraints[position])


def add_kernel(
    layer: Layer,
    shape: Sequence[int],
    memory_order: Sequence[int] | None = None,
    name: str = "kernel",
    prefix: str = "kernel",
) -> Any:
    """Add a weight that uses the slots whose names begin with ``prefix``."""
    return layer.add_weight(
        name,
        shape,
        f"{prefix}_initializer",
        f"{prefix}_regularizer",
        f"{prefix}_constraint",
        memory_order=memory_order,
    )


def add_bias(layer: Layer, size: int) -> Any:
    """Add a weight ``bias`` that uses the layer's bias slots."""
    return layer.add_weight(
        "bias", (size,), "bias_initializer", "bias_regularizer", "bias_constraint"
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
