"""One-hot rows of class labels, and normalized vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from kplug.backend import NumpyArray, TensorLike
from kplug.backend.arrays import read_array
from kplug.components.arguments import require_integer
from kplug.errors import DataError, KplugError
from kplug.registry.quoting import quote


def to_categorical(x: TensorLike, num_classes: int | None = None) -> NumpyArray:
    """Return one-hot rows for class numbers.

    Args:
        x: Whole numbers in [0, num_classes), any shape, also as texts; a last axis of size 1 is dropped.
        num_classes: Number of classes; ``None`` is the largest number plus 1.

    Returns:
        Float32 array of shape ``x.shape + (num_classes,)``.

    Raises:
        DataError: A number is negative, too large or not whole.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    try:
        given = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
        classes = given.astype(np.int64)
    except KplugError:  # of a symbolic tensor
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"to_categorical: x is {quote(x)}, whose values are no class numbers: {error}",
            hint="For names of classes give np.unique(x, return_inverse=True)[1].",
        ) from error
    if given.dtype.kind not in "US" and not np.array_equal(classes, given):
        raise DataError("to_categorical: class numbers must be whole numbers")
    if num_classes is not None:
        allowed = "None or an integer >= 1"
        num_classes = require_integer(
            "to_categorical", "num_classes", num_classes, allowed, at_least=1
        )
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    largest = int(classes.max(initial=-1))
    count = largest + 1 if num_classes is None else num_classes
    if classes.size and (classes.min() < 0 or largest >= count):
        raise DataError(
            f"to_categorical: class numbers must be in [0, {count}), found "
            f"{int(classes.min())} to {largest}",
            hint="num_classes is the number of classes, one more than the largest number.",
        )
    rows = np.zeros((*classes.shape, count), dtype=np.float32)
    np.put_along_axis(rows, classes[..., None], 1.0, axis=-1)
    return rows


def normalize(x: TensorLike, axis: int = -1, order: float = 2) -> NumpyArray | torch.Tensor:
    """Return ``x`` divided by its norm along an axis; vectors of norm 0 stay 0.

    Args:
        x: Any shape.
        axis: The axis whose norm becomes 1.
        order: The order of the norm: 2 is Euclidean, 1 the sum of absolute values, ``inf`` the maximum.

    Returns:
        A NumPy array, or a tensor if ``x`` is one; shape unchanged.

    Raises:
        DataError: ``x`` contains other values than numbers, or the axis or order is invalid.

    Example:
        >>> normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    is_tensor = isinstance(x, torch.Tensor)
    values: Any = x if is_tensor else read_array(x, "normalize: x", kinds="fiubc").numpy()
    try:
        return _scale(values, axis, order)
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        raise DataError(
            f"normalize: an array of shape {tuple(values.shape)} has no norm of order {order!r} along "
            f"the axis {axis!r}: {error}",
            hint="axis is one of the array's, order a number; integers in tensors become floats first.",
        ) from error


def _scale(x: Any, axis: int, order: float) -> NumpyArray | torch.Tensor:
    if isinstance(x, torch.Tensor):
        norms = torch.linalg.vector_norm(x, ord=order, dim=axis, keepdim=True)
        return x / torch.where(norms == 0, torch.ones_like(norms), norms)
    lengths = np.linalg.norm(x, ord=order, axis=axis, keepdims=True)
    return np.asarray(x / np.where(lengths == 0, 1, lengths))
