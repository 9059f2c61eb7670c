"""A batch as the tuple that a model's own steps are given."""

from __future__ import annotations

from typing import Any

from kplug.errors import DataError


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return ``(x, y, sample_weight)``, without what is None at its end; one input alone is itself.

    Example:
        >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight([1, 2]), pack_x_y_sample_weight(1, 2)
        (1, ([1, 2],), (1, 2))

    Reference:
        ``keras.utils.pack_x_y_sample_weight``.
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and sample weights of a batch; what it does not have is None.

    Raises:
        DataError: It is a tuple of another length.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)

    Reference:
        ``keras.utils.unpack_x_y_sample_weight``.
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise DataError(
            f"a batch has {len(parts)} parts; it must be x, (x, y) or (x, y, sample_weight)"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight
