"""The ``Cell`` protocol, and functions that read a cell's state and output sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from torch import Tensor

from kplug.layers.base.layer import Layer


class Cell(Protocol):
    """A layer that computes one time step: ``call(inputs, states)`` returns an output and new states."""

    activity_regularizer: Any

    @property
    def state_size(self) -> int | Sequence[int]:
        """Size of the state, or the sizes of several states."""

    def __call__(self, inputs: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return the output, and the new state or the list of new states."""


def is_cell(candidate: object) -> bool:
    """Return whether an object is a cell: a layer with a ``state_size``."""
    return isinstance(candidate, Layer) and hasattr(candidate, "state_size")


def sizes_of(cell: Cell) -> list[int]:
    """Return the sizes of a cell's states."""
    size = cell.state_size
    return [size] if isinstance(size, int) else list(size)


def keeps_shapes(cell: Cell) -> bool:
    """Return whether the states of a cell have several axes, such as images, and a shape once built."""
    return hasattr(type(cell), "state_shapes")  # looking up a missing attribute of a module is slow


def state_shapes_of(cell: Cell) -> list[tuple[int, ...]]:
    """Return the shapes of a cell's states for one sample."""
    if keeps_shapes(cell):
        shapes: list[tuple[int, ...]] = cell.state_shapes  # type: ignore[attr-defined]
        return shapes
    return [(size,) for size in sizes_of(cell)]


def output_shape_of(cell: Cell) -> tuple[int, ...]:
    """Return the shape of a cell's output for one sample: that of its first state, or its size."""
    return state_shapes_of(cell)[0] if keeps_shapes(cell) else (output_size_of(cell),)


def output_size_of(cell: Cell) -> int:
    """Return the size of a cell's output: by default that of its first state."""
    size: int | None = getattr(cell, "output_size", None)
    return sizes_of(cell)[0] if size is None else size


def split_states(cells: Iterable[Cell], states: Sequence[Tensor]) -> list[list[Tensor]]:
    """Return the states of each cell."""
    rest = list(states)
    parts = []
    for cell in cells:
        count = len(sizes_of(cell))
        parts.append(rest[:count])
        rest = rest[count:]
    return parts
