"""Packs and unpacks the data of a step: inputs, targets and sample weights."""

from __future__ import annotations

from typing import Any

from kplug.errors import DataError
from kplug.registry.quoting import quote

_PARTS = 3


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return inputs, targets and weights as ``fit`` takes them.

    Args:
        x: The inputs.
        y: The targets, or ``None``.
        sample_weight: The weight of each sample, or ``None``.

    Returns:
        ``(x, y, sample_weight)`` without trailing ``None``; a single ``x`` that is no list or tuple is
        returned without a tuple.

    Example:
        >>> pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight(1)
        ((1, 2), 1)

    Reference:
        ``keras.utils.pack_x_y_sample_weight``.
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return the inputs, targets and weights of a step's data.

    Args:
        data: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Returns:
        Three parts; ``None`` for missing ones.

    Raises:
        DataError: There are more than three parts.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)

    Reference:
        ``keras.utils.unpack_x_y_sample_weight``.
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= _PARTS:
        raise DataError(
            f"unpack_x_y_sample_weight got {len(parts)} parts: {quote(data)}",
            hint="Data are x, (x,), (x, y) or (x, y, sample_weight).",
        )
    x, y, sample_weight = (*parts, None, None)[:_PARTS]
    return x, y, sample_weight
