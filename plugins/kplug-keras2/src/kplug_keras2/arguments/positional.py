"""Positional arguments whose meaning changed after Keras 2."""

from __future__ import annotations

from typing import Any

# For these, numbers after the filters are kernel sizes; for others the strides came second.
_AXES = {
    "Conv2D": 2,
    "Conv2DTranspose": 2,
    "Conv3D": 3,
    "Conv3DTranspose": 3,
    "LocallyConnected2D": 2,
    "SeparableConv2D": 2,
}


def read_positions(owner: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the positional arguments of a layer as kplug takes them.

    Keras 2 reads ``Conv2D(32, 3, 3)`` as a kernel of 3 × 3, as Keras 1 did.

    Example:
        >>> read_positions("Conv2D", (32, 3, 3))
        (32, (3, 3))
        >>> read_positions("Conv2D", (32, (3, 3), 2))
        (32, (3, 3), 2)
    """
    axes = _AXES.get(owner, 0)
    sizes = args[1 : axes + 1]
    if axes and len(sizes) == axes and all(type(size) is int for size in sizes):
        return (args[0], tuple(sizes), *args[axes + 1 :])
    return args
