"""Converts class, row and position indices to int64, and checks them."""

from __future__ import annotations

import torch

from kplug.backend.convert import TensorLike, to_tensor
from kplug.errors import DataError


def to_indices(values: TensorLike, owner: str) -> torch.Tensor:
    """Return integers in int64; floats may hold them.

    Args:
        values: The given indices.
        owner: The function, for messages.

    Raises:
        DataError: A number has a fraction, which a cast would drop. On a GPU and under tracing, values are
            not checked.

    Example:
        >>> to_indices([2.0, 0.0], "take")
        tensor([2, 0])
    """
    tensor = to_tensor(values)
    if tensor.is_floating_point() and tensor.device.type == "cpu":
        require_whole(owner, tensor)
    return tensor.long()


def require_whole(owner: str, values: torch.Tensor) -> bool:
    """Refuse non-integral numbers, and return whether the values could be read.

    Raises:
        DataError: The message names the first of them.
    """
    if values.is_meta or torch.compiler.is_compiling():
        return False
    fraction = find_fraction(values)
    if fraction is not None:
        raise DataError(
            f"{owner} picks by whole numbers, got {fraction:.6g}",
            hint="Round the numbers, or cast them to integers, if that is what you want.",
        )
    return True


def find_fraction(values: torch.Tensor) -> float | None:
    """Return the first non-integral number, such as 0.5, NaN or infinity; or None."""
    if not values.is_floating_point():
        return None
    is_fraction = (values != values.floor()) | values.isinf()
    try:
        return values[is_fraction][0].item() if bool(is_fraction.any()) else None
    except RuntimeError:  # values are not readable inside torch.func.vmap
        return None
