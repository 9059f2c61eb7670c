"""Chooses among Keras's weight files of the MobileNets, by width and size."""

from __future__ import annotations

from collections.abc import Mapping

from kplug.errors import ArgumentValueError
from kplug_applications.base.picture_shapes import spatial_sizes


def choose_size(input_shape: tuple[int | None, ...] | None, sizes: tuple[int, ...]) -> int:
    """Return the size of square pictures if weights for it exist, else the largest such size."""
    found = (0, 0) if input_shape is None else spatial_sizes(tuple(input_shape))
    return found[0] if found[0] == found[1] and found[0] in sizes else max(sizes)


def read_name(
    owner: str, value: float, names: Mapping[float, str] | None, argument: str = "alpha"
) -> str:
    """Return the name of a value in file names.

    Args:
        owner: The model, for messages.
        value: The value.
        names: The values for which weights exist; None if no file is needed.
        argument: The name of the argument.

    Raises:
        ArgumentValueError: There are no weights for the value.
    """
    if names is None:
        return ""
    if value not in names:
        known = ", ".join(map(str, names))
        error = ArgumentValueError(owner, argument, value, f"{known}, with the weights of ImageNet")
        error.hint = "Other values need weights=None."
        raise error
    return names[value]
