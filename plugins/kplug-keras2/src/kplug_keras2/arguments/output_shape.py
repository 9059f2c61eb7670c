"""Converts ``output_shape`` of Keras 1's transposed convolutions to ``output_padding``."""

from __future__ import annotations

import inspect
from typing import Any

import kplug
from kplug import backend


def read_output_shape(
    original: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Replace ``output_shape`` by ``output_padding`` in a layer's keyword arguments.

    Args:
        original: kplug's class; arguments of other layers are returned unchanged.
        args: The positional arguments, as kplug takes them.
        kwargs: The keyword arguments, likewise.

    Raises:
        KplugError: With ``padding="same"``, a size is no multiple of the strides.

    Example:
        >>> from kplug.layers import Conv2DTranspose
        >>> read_output_shape(Conv2DTranspose, (4, 3, 2), {"output_shape": (None, 14, 14, 4)})
        {'output_padding': (1, 1)}
    """
    rank = getattr(original, "rank", 0)
    if "output_shape" not in kwargs or not original.__name__.endswith("Transpose"):
        return kwargs
    others = {name: one for name, one in kwargs.items() if name != "output_shape"}
    given = inspect.signature(original).bind_partial(*args, **others).arguments
    sizes = _pick_axes(kwargs["output_shape"], given.get("data_format"), rank)
    if None in sizes or not sizes:
        return others
    strides = _spread(given.get("strides", 1), rank)
    if given.get("padding") == "same":
        _require_multiples(sizes, strides)
        return others
    pairs = list(zip(_spread(given["kernel_size"], rank), strides, strict=True))
    cells = tuple((size - reach) % step for size, (reach, step) in zip(sizes, pairs, strict=True))
    is_usual = cells == tuple(max(step - reach, 0) for reach, step in pairs)
    return others if is_usual else {**others, "output_padding": cells}


def _pick_axes(shape: Any, data_format: str | None, rank: int) -> tuple[Any, ...]:
    """Return the sizes of the spatial axes."""
    first = 2 if backend.normalize_data_format(data_format) == "channels_first" else 1
    return tuple(shape or ())[first : first + rank]


def _spread(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _require_multiples(sizes: tuple[int, ...], strides: tuple[int, ...]) -> None:
    if all(size % step == 0 for size, step in zip(sizes, strides, strict=True)):
        return
    raise kplug.KplugError(
        f"a transposed convolution with border_mode='same' and strides {strides} cannot make an output "
        f"of {sizes}",
        hint="Its sizes are multiples of the strides: leave output_shape out, and add Cropping2D after it.",
    )
