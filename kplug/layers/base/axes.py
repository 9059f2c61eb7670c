"""Axis arguments of layers: checks them and resolves them against the input shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from kplug.components.arguments import refusal
from kplug.errors import ArgumentValueError, DataError
from kplug.graph import Shape
from kplug.layers.base.layer import Layer
from kplug.layers.base.weight_slots import known_size

Axes: TypeAlias = "int | tuple[int, ...]"


def require_axis(owner: str, value: object) -> int:
    """Return one axis as an integer; tf-keras writes it as a list of one.

    Raises:
        ArgumentValueError: The value is no integer, or names the batch axis.
    """
    axes = require_axes(owner, value)
    if isinstance(axes, tuple) and len(axes) != 1:
        raise refusal(owner, "axis", value, "one integer")
    return axes if isinstance(axes, int) else axes[0]


def require_axes(owner: str, value: object) -> Axes:
    """Return an axis as an integer, or several as a tuple.

    Raises:
        ArgumentValueError: A value is no integer, or names the batch axis.
    """
    axes = require_integers(owner, "axis", value, "an integer, or a list of them")
    if 0 in axes:
        raise ArgumentValueError(owner, "axis", value, "any axis but 0, which is the batch")
    return axes if isinstance(value, (list, tuple)) else axes[0]


def require_integers(
    owner: str, argument: str, value: object, allowed: str, *, at_least: int = 1
) -> tuple[int, ...]:
    """Return the argument, an integer or a list of at least ``at_least`` integers.

    Raises:
        ArgumentValueError: The value is something else.
    """
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if len(found) < at_least or any(type(one) is bool or not isinstance(one, int) for one in found):
        raise refusal(owner, argument, value, allowed)
    return found


def find_axes(layer: Layer, axes: Axes, input_shape: Shape) -> tuple[int, ...]:
    """Return the axes as non-negative indices in ascending order.

    Raises:
        DataError: The inputs have no such axis.
    """
    wanted = (axes,) if isinstance(axes, int) else axes
    ndim = len(input_shape)
    if any(not -ndim < axis < ndim for axis in wanted):
        raise lacks_axis(layer, axes, input_shape)
    return tuple(sorted({axis % ndim for axis in wanted}))


def lacks_axis(layer: Layer, axes: object, input_shape: Shape) -> DataError:
    """Return the error for inputs without an axis that the layer needs."""
    return DataError(
        f"layer {layer.name!r} works along axis {axes}, its inputs of shape {input_shape} "
        f"have {len(input_shape)} axes",
        hint="Axis 0 is the batch; -1 is the last axis.",
    )


def known_sizes(layer: Layer, input_shape: Shape, axes: Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of axes that weights depend on.

    Raises:
        DataError: A size is not known.
    """
    return tuple(known_size(layer, input_shape, axis) for axis in axes)
