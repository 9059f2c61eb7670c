"""Queries of tensors, eager or symbolic, that add no operation to the graph."""

from __future__ import annotations

import math
from typing import Any

from kplug import backend as K
from kplug.backend import NumpyArray, TensorLike


def shape(x: Any) -> tuple[int | None, ...]:
    """Return the sizes of a tensor; data-dependent sizes of a symbolic one are ``None``."""
    return K.int_shape(x)


def ndim(x: Any) -> int:
    """Return the number of axes."""
    return K.ndim(x)


def size(x: Any) -> int:
    """Return the number of elements."""
    return math.prod(1 if one is None else one for one in K.int_shape(x))


def dtype(x: Any) -> str:
    """Return the name of the number type.

    Example:
        >>> dtype([1.0])
        'float32'
    """
    return K.dtype(x)


def is_tensor(x: Any) -> bool:
    """Return whether ``x`` is a torch tensor."""
    return K.is_tensor(x)


def convert_to_numpy(x: TensorLike) -> NumpyArray:
    """Return a copy of the values as a NumPy array."""
    return K.get_value(K.to_tensor(x))
