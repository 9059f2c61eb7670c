"""NumPy functions on tensors, as scripts for eager TensorFlow call them.

torch's tensors have methods of the same names with other arguments, and cannot be read while they require
gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from kplug import backend
from kplug.support.nested import map_leaves


def _compute(
    _tensor: Tensor, function: Callable[..., Any], _types: Any, args: Any, kwargs: Any
) -> Any:
    """Apply a NumPy function to the values of tensors."""
    read, named = map_leaves((list(args), dict(kwargs)), Tensor, backend.get_value)
    return function(*read, **named)


def _read(tensor: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """Return the values as an array."""
    del copy  # NumPy copies as needed
    return np.asarray(backend.get_value(tensor), dtype)


OF_TENSORS: dict[str, Any] = {"__array__": _read, "__array_function__": _compute}
