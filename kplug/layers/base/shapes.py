"""Shape arguments: checks them and tells one shape from a list of shapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kplug.errors import ArgumentValueError
from kplug.graph import Shape


def is_shape(value: object) -> bool:
    """Return whether a value is one shape, not a list of shapes."""
    # A list, as a generator takes three times as long.
    return isinstance(value, (list, tuple)) and False not in [
        size is None or isinstance(size, int) for size in value
    ]


def standardize_input_shape(
    owner: str,
    input_shape: Sequence[int | None] | None,
    input_dim: int | None,
    batch_input_shape: Sequence[int | None] | None,
    batch_size: int | None,
) -> Shape | None:
    """Return the input shape, with the batch in front, from a constructor's arguments.

    Raises:
        ArgumentValueError: It is no sequence of sizes.
    """
    if batch_input_shape is not None:
        return check_shape(owner, "batch_input_shape", batch_input_shape)
    if input_shape is not None:
        return (batch_size, *check_shape(owner, "input_shape", input_shape))
    if input_dim is not None:
        return (batch_size, *check_shape(owner, "input_dim", (input_dim,)))
    return None


def check_shape(owner: str, argument: str, shape: object) -> Shape:
    """Return a shape as a tuple.

    Raises:
        ArgumentValueError: It is no sequence of integers >= 1 and ``None``.
    """
    parts = tuple(shape) if isinstance(shape, (list, tuple)) else (0,)
    sizes = [_as_size(size) for size in parts]
    if any(size is not None and size < 1 for size in sizes):
        given = parts[0] if argument == "input_dim" else shape
        allowed = "an integer >= 1" if argument == "input_dim" else "a tuple of integers"
        raise ArgumentValueError(owner, argument, given, f"{allowed}; None is a size that varies")
    return tuple(sizes)


def _as_size(size: object) -> int | None:
    if size is None:
        return None
    is_number = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    return int(size) if is_number else 0  # type: ignore[call-overload]
