"""Class labels as rows, and vectors of length 1."""

from __future__ import annotations

import numpy as np
import torch

from kplug.backend import NumpyArray, TensorLike, to_tensor
from kplug.errors import DataError


def to_categorical(x: TensorLike, num_classes: int | None = None) -> NumpyArray:
    """Return one-hot rows for class numbers.

    Args:
        x: Whole numbers in [0, num_classes), any shape; a last axis of size 1 is dropped.
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
    given = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    classes = given.astype(np.int64)
    if not np.array_equal(classes, given):
        raise DataError("to_categorical: class numbers must be whole numbers")
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
    """Return ``x`` divided by its norm along an axis; what has norm 0 stays 0.

    Args:
        x: Any shape.
        axis: The axis whose norm becomes 1.
        order: Of the norm: 2 is Euclid's, 1 the sum of absolute values, ``inf`` the largest one.

    Returns:
        A NumPy array, or a tensor if ``x`` is one; shape unchanged.

    Example:
        >>> normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    if isinstance(x, torch.Tensor):
        values = to_tensor(x)
        norms = torch.linalg.vector_norm(values, ord=order, dim=axis, keepdim=True)
        return values / torch.where(norms == 0, torch.ones_like(norms), norms)
    array = np.asarray(x)
    lengths = np.linalg.norm(array, ord=order, axis=axis, keepdims=True)
    return np.asarray(array / np.where(lengths == 0, 1, lengths))
